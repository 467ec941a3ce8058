package program

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// Daemon is the program while it runs.
type Daemon struct {
	Cmd     *exec.Cmd
	Exited  chan struct{} // closed when the process has ended and its log is complete
	Address string        // of metrics and health

	mu  sync.Mutex
	log []string
}

// Start starts a command of the daemon, and returns when it listens, for which
// it has patience. It is killed when the test ends; where that fails the end of
// the log is shown.
func Start(tb testing.TB, cmd *exec.Cmd, patience time.Duration) *Daemon {
	tb.Helper()
	d := &Daemon{Cmd: cmd, Exited: make(chan struct{})}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		defer close(d.Exited)
		d.read(stderr)
		_ = cmd.Wait() // the exit code says it
	}()
	tb.Cleanup(func() {
		_ = cmd.Process.Kill() // most often it has ended
		<-d.Exited
		log := d.Lines()
		if strings.Contains(strings.Join(log, "\n"), "DATA RACE") {
			tb.Error("the race detector found something")
		}
		if tb.Failed() {
			tb.Logf("end of the daemon's log:\n%s", strings.Join(log[max(0, len(log)-30):], "\n"))
		}
	})
	for deadline := time.Now().Add(patience); d.Address == ""; time.Sleep(10 * time.Millisecond) {
		if d.Address = d.listening(); d.Address == "" && time.Now().After(deadline) {
			tb.Fatal("the daemon does not listen")
		}
	}
	return d
}

func (d *Daemon) read(log io.Reader) {
	for lines := bufio.NewScanner(log); lines.Scan(); {
		d.mu.Lock()
		d.log = append(d.log, lines.Text())
		d.mu.Unlock()
	}
}

// Lines is the log so far.
func (d *Daemon) Lines() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.log...)
}

// listening finds the address in the log: the one that was asked for leaves the
// port to the system.
func (d *Daemon) listening() string {
	for _, line := range d.Lines() {
		var entry struct{ Msg, Address string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "Listening on" {
			return entry.Address
		}
	}
	return ""
}

// Get asks the daemon for a path.
func (d *Daemon) Get(ctx context.Context, path string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.Address+path, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

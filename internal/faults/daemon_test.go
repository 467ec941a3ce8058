//go:build faults

package faults_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// daemon is the program while it runs.
type daemon struct {
	cmd     *exec.Cmd
	exited  chan struct{} // closed when the process has ended and log is complete
	address string        // of metrics and health

	mu  sync.Mutex
	log []string
}

// start runs the program as a daemon that makes a pass each second, unless args
// say otherwise. It returns when the daemon listens.
func start(t *testing.T, e env, args ...string) *daemon {
	t.Helper()
	d := &daemon{exited: make(chan struct{})}
	d.cmd = command(t.Context(), t, e, append([]string{
		"--web-listen-address=127.0.0.1:0", "--schedule-interval=1s", "--schedule-jitter=0"}, args...)...)
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(d.exited)
		d.read(stderr)
		_ = d.cmd.Wait() // the exit code says it
	}()
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill() // most often it has ended
		<-d.exited
		log := d.lines()
		if strings.Contains(strings.Join(log, "\n"), "DATA RACE") {
			t.Error("the race detector found something")
		}
		if t.Failed() || os.Getenv("FAULTS_LOG") != "" {
			t.Logf("end of the daemon's log:\n%s", strings.Join(log[max(0, len(log)-40):], "\n"))
		}
	})
	eventually(t, func() error {
		if d.address = d.listening(); d.address == "" {
			return errors.New("the daemon does not listen")
		}
		return nil
	})
	return d
}

func (d *daemon) read(log io.Reader) {
	for lines := bufio.NewScanner(log); lines.Scan(); {
		d.mu.Lock()
		d.log = append(d.log, lines.Text())
		d.mu.Unlock()
	}
}

func (d *daemon) lines() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.log...)
}

// listening finds the address in the log.
func (d *daemon) listening() string {
	for _, line := range d.lines() {
		var entry struct{ Msg, Address string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "Listening on" {
			return entry.Address
		}
	}
	return ""
}

// logged reports whether a line of the log has all of the texts.
func (d *daemon) logged(texts ...string) error {
	for _, line := range d.lines() {
		found := true
		for _, text := range texts {
			found = found && strings.Contains(line, text)
		}
		if found {
			return nil
		}
	}
	return fmt.Errorf("the log has no line with %q", texts)
}

// get asks the daemon for a path.
func (d *daemon) get(t *testing.T, path string) (status int, body string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
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

// answers reports whether a path answers with the status and all of the texts.
func (d *daemon) answers(t *testing.T, path string, status int, texts ...string) error {
	t.Helper()
	got, body, err := d.get(t, path)
	if err != nil {
		return err
	}
	if got != status {
		return fmt.Errorf("%s answers %d, not %d: %s", path, got, status, body)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			return fmt.Errorf("%s answers without %q: %s", path, text, body)
		}
	}
	return nil
}

// await waits until /readyz answers so.
func (d *daemon) await(t *testing.T, status int, texts ...string) time.Duration {
	t.Helper()
	return eventually(t, func() error { return d.answers(t, "/readyz", status, texts...) })
}

// stop has the daemon end, and returns the exit code.
func (d *daemon) stop(t *testing.T) int {
	t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-d.exited:
	case <-time.After(patience):
		t.Fatal("SIGTERM did not end the daemon")
	}
	return d.cmd.ProcessState.ExitCode()
}

// passes is how many passes ended so.
func passes(t *testing.T, d *daemon, result string) int {
	t.Helper()
	n := 0
	eventually(t, func() error {
		_, body, err := d.get(t, "/metrics")
		if err != nil {
			return err
		}
		n = 0
		for line := range strings.Lines(body) {
			if strings.HasPrefix(line, `litellm_reconciler_passes_total{result="`+result+`"`) {
				var value int
				if _, err := fmt.Sscan(line[strings.LastIndex(line, " ")+1:], &value); err != nil {
					return err
				}
				n += value
			}
		}
		return nil
	})
	return n
}

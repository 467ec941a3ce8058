package main

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
	"strconv"
	"strings"
	"sync"
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

// start runs the program as a daemon on a free port, and returns when it
// listens. A pass is due every second, unless args say otherwise.
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
		if t.Failed() {
			t.Logf("end of the daemon's log:\n%s", strings.Join(last(20, d.lines()), "\n"))
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

func last(n int, lines []string) []string { return lines[max(0, len(lines)-n):] }

// listening finds the address in the log: the one that was asked for leaves the
// port to the system.
func (d *daemon) listening() string {
	for _, line := range d.lines() {
		var entry struct{ Msg, Address string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "Listening on" {
			return entry.Address
		}
	}
	return ""
}

// get asks the daemon for a path. Status 0 is no answer.
func (d *daemon) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(content)
}

// await waits until a path answers with the status and every one of the texts.
func (d *daemon) await(t *testing.T, path string, status int, texts ...string) {
	t.Helper()
	eventually(t, func() error {
		got, body := d.get(t, path)
		if got != status {
			return fmt.Errorf("%s answers %d, not %d: %s", path, got, status, body)
		}
		for _, text := range texts {
			if !strings.Contains(body, text) {
				return fmt.Errorf("%s answers %d without %q", path, got, text)
			}
		}
		return nil
	})
}

// awaitMetric waits until a time series has at least that value.
func (d *daemon) awaitMetric(t *testing.T, series string, least float64) {
	t.Helper()
	eventually(t, func() error {
		_, body := d.get(t, "/metrics")
		_, rest, _ := strings.Cut(body, "\nlitellm_reconciler_"+series+" ")
		text, _, _ := strings.Cut(rest, "\n")
		if value, err := strconv.ParseFloat(text, 64); err != nil || value < least {
			return fmt.Errorf("%s is %q, not %g", series, text, least)
		}
		return nil
	})
}

// stop sends a signal, and returns the exit code and how long it took.
func (d *daemon) stop(t *testing.T, signal os.Signal) (code int, took time.Duration) {
	t.Helper()
	began := time.Now()
	if err := d.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case <-d.exited:
	case <-time.After(patience):
		t.Fatalf("%s did not end the daemon", signal)
	}
	return d.cmd.ProcessState.ExitCode(), time.Since(began)
}

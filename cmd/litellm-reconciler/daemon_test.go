package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"litellm-reconciler/internal/program"
)

// daemon is the program while it runs.
type daemon struct{ *program.Daemon }

// start runs the program as a daemon on a free port, and returns when it
// listens. A pass is due every second, unless args say otherwise.
func start(t *testing.T, e env, args ...string) *daemon {
	t.Helper()
	return &daemon{program.Start(t, command(t.Context(), t, e, append([]string{
		"--web-listen-address=127.0.0.1:0", "--schedule-interval=1s", "--schedule-jitter=0"}, args...)...), patience)}
}

// get asks the daemon for a path. Status 0 is no answer.
func (d *daemon) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	status, body, err := d.Get(t.Context(), path)
	if err != nil {
		return 0, err.Error()
	}
	return status, body
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
	if err := d.Cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case <-d.Exited:
	case <-time.After(patience):
		t.Fatalf("%s did not end the daemon", signal)
	}
	return d.Cmd.ProcessState.ExitCode(), time.Since(began)
}

//go:build faults

package faults_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"litellm-reconciler/internal/program"
)

// daemon is the program while it runs.
type daemon struct{ *program.Daemon }

// start runs the program as a daemon that makes a pass each second, unless args
// say otherwise. It returns when the daemon listens.
func start(t *testing.T, e env, args ...string) *daemon {
	t.Helper()
	return &daemon{program.Start(t, command(t.Context(), t, e, append([]string{
		"--web-listen-address=127.0.0.1:0", "--schedule-interval=1s", "--schedule-jitter=0"}, args...)...), patience)}
}

// logged reports whether a line of the log has all of the texts.
func (d *daemon) logged(texts ...string) error {
	for _, line := range d.Lines() {
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

// answers reports whether a path answers with the status and all of the texts.
func (d *daemon) answers(t *testing.T, path string, status int, texts ...string) error {
	t.Helper()
	got, body, err := d.Get(t.Context(), path)
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
	if err := d.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-d.Exited:
	case <-time.After(patience):
		t.Fatal("SIGTERM did not end the daemon")
	}
	return d.Cmd.ProcessState.ExitCode()
}

// passes is how many passes ended so.
func passes(t *testing.T, d *daemon, result string) int {
	t.Helper()
	n := 0
	eventually(t, func() error {
		_, body, err := d.Get(t.Context(), "/metrics")
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

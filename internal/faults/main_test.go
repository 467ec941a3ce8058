//go:build faults

package faults_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
)

// program is the path of the program, built for these tests.
var program string

const (
	// patience bounds every wait. It is long because only a failure waits it
	// out, and these tests keep the machine busy.
	patience = 45 * time.Second
	tick     = 20 * time.Millisecond
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "litellm-reconciler-faults-")
	if err == nil {
		program = filepath.Join(dir, "litellm-reconciler")
		err = build(program)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building the program:", err)
		os.Exit(1)
	}
	pgtest.Main(m, func() {
		_ = os.RemoveAll(dir)
		if err := publish(); err != nil {
			fmt.Fprintln(os.Stderr, "writing down the results:", err)
		}
	})
}

// build builds the program, with the race detector where the tests have it.
func build(path string) error {
	args := []string{"build", "-o", path}
	if raceDetector {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(context.Background(), "go", append(args, "litellm-reconciler/cmd/litellm-reconciler")...)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	return nil
}

// byTheClock is for how long tests go on that could do so for ever.
func byTheClock() time.Duration {
	seconds, err := strconv.Atoi(os.Getenv("FAULTS_SECONDS"))
	if err != nil || seconds < 1 {
		seconds = 60
	}
	return time.Duration(seconds) * time.Second
}

// eventually polls until check finds nothing missing any more, and returns how
// long that took.
func eventually(t *testing.T, check func() error) time.Duration {
	t.Helper()
	began := time.Now()
	deadline := time.After(patience)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for err := check(); err != nil; err = check() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited %s in vain: %v", patience, err)
		}
	}
	return time.Since(began)
}

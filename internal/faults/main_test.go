//go:build faults

package faults_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/internal/program"
)

// binary is the path of the program, built for these tests.
var binary string

const (
	// patience bounds every wait. It is long because only a failure waits it
	// out, and these tests keep the machine busy.
	patience = 45 * time.Second
	tick     = 20 * time.Millisecond
)

func TestMain(m *testing.M) {
	path, remove, err := program.Build()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = path
	pgtest.Main(m, func() {
		remove()
		if err := publish(); err != nil {
			fmt.Fprintln(os.Stderr, "writing down the results:", err)
		}
	})
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

package program

import (
	"testing"
	"time"
)

// Eventually polls until check finds nothing missing any more, for which it has
// patience.
func Eventually(tb testing.TB, patience time.Duration, check func() error) {
	tb.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for err := check(); err != nil; err = check() {
		select {
		case <-tick.C:
		case <-deadline:
			tb.Fatalf("waited %s in vain: %v", patience, err)
		}
	}
}

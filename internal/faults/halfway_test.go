//go:build faults

package faults_test

import (
	"strings"
	"testing"

	"litellm-reconciler/internal/faults/pgproxy"
)

// A batch of statements is sent at once, in several segments if it is large. If
// the network goes silent after an Execute and before the Sync, the server is
// in a transaction, but neither idle in it nor executing a statement.
func TestALeaderThatGoesSilentInTheMiddleOfABatchIsFollowed(t *testing.T) {
	t.Parallel()
	c := newCrew(t, 2)
	i := inject(t, "leader's connections silent in the middle of a batch")
	t.Cleanup(func() {
		for _, wire := range c.wires {
			wire.SetRule(nil)
			wire.Swallow(false)
		}
	})
	leader, term := c.leader(t)
	wire := c.wires[leader]
	wire.SetRule(func(m pgproxy.Message) pgproxy.Verdict {
		if m.Type != 'B' || !strings.Contains(m.SQL, "INSERT INTO") || !strings.Contains(m.SQL, ".changes") {
			return pgproxy.Pass
		}
		wire.Swallow(true)
		return pgproxy.Silence
	})
	i.add()
	i.took(t, "followed after", c.follow(t, term), leaseDuration+slack)
	i.wantOneWriter(t, witnessed(t, c.db))
}

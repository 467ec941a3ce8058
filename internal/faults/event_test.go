//go:build faults

package faults_test

import (
	"fmt"
	"slices"
	"testing"

	"litellm-reconciler/internal/faults/pgproxy"
	"litellm-reconciler/internal/pgtest"
)

// With triggers a change is noted in a queue. Here no full pass comes to help.
func TestAChangeThatWasNotedIsNotLostWithAConnection(t *testing.T) {
	t.Parallel()
	for name, verdict := range map[string]pgproxy.Verdict{"cut": pgproxy.Cut, "cut after the server has done what it says": pgproxy.LoseAnswer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_88)
			i := inject(t, "with triggers and no full pass, connection "+name+" at each message after a change")
			db.Group(t, "dev", "github")
			teams := []string{"a", "b", "c"}
			for _, team := range teams {
				db.Team(t, team, "dev")
			}
			proxy, through := before(t, db.URL)
			d := start(t, at(through), "--watch-triggers", "--schedule-interval=1h", "--repair-batch-size=2")
			// What changes before the triggers are there is left to a full pass.
			eventually(t, func() error { return d.logged("changes are repaired at once") })
			eventually(t, func() error { return inSync(t, of(db)) })

			for point := 1; point <= 60; point++ {
				server := fmt.Sprintf("server %d", point)
				proxy.SetRule(func(m pgproxy.Message) pgproxy.Verdict {
					if m.Number != point {
						return pgproxy.Pass
					}
					return verdict
				})
				db.SetGroup(t, "dev", "github", server)
				i.add()
				i.longest("repaired after", eventually(t, func() error {
					for _, team := range teams {
						if got := db.Servers(t, team); !slices.Equal(got, []string{"github", server}) {
							return fmt.Errorf("at message %d: team %q has %q", point, team, got)
						}
					}
					return nil
				}))
			}
			proxy.SetRule(nil)
			eventually(t, func() error { return inSync(t, of(db)) })
		})
	}
}

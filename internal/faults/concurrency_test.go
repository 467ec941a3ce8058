//go:build faults

package faults_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
)

func TestNoEditOfAnAdministratorIsLostThatLiteLLMWouldNotLose(t *testing.T) {
	t.Parallel()
	directly := func(_ *testing.T, db *pgtest.Database) env { return of(db) }
	pooled := func(t *testing.T, db *pgtest.Database) env {
		return env{"DATABASE_URL": db.Pooled(t, "transaction"), "DIRECT_URL": db.URL}
	}
	for name, connected := range map[string]struct {
		env  func(*testing.T, *pgtest.Database) env
		args []string
	}{
		"directly":                         {directly, nil},
		"through PgBouncer":                {pooled, nil},
		"directly, with triggers":          {directly, []string{"--watch-triggers"}},
		"through PgBouncer, with triggers": {pooled, []string{"--watch-triggers", "--schedule-interval=5s"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_88)
			var teams, groups []string
			for n := range 6 {
				groups = append(groups, fmt.Sprintf("group-%d", n))
				db.Group(t, groups[n], fmt.Sprintf("server-%d", n), fmt.Sprintf("server-%d", n+1))
			}
			for n := range 30 {
				teams = append(teams, fmt.Sprintf("team-%02d", n))
				db.Team(t, teams[n], groups[n%6], groups[n%5])
				if n%3 > 0 {
					db.Row(t, "row of "+teams[n])
					db.LinkTeam(t, teams[n], "row of "+teams[n])
				}
				if n%3 == 2 { // to be copied, unless LiteLLM links the team to another row first
					db.Own(t, "LiteLLM_VerificationToken", "row of "+teams[n])
				}
			}
			l := newLiteLLM(t, db, teams, groups)
			i := inject(t, "LiteLLM's writers beside the daemon, connected "+name)
			d := start(t, connected.env(t, db), append(connected.args, "--guard-max-revoked-fraction=1", "--repair-batch-size=7")...)

			ctx, cancel := context.WithTimeout(t.Context(), byTheClock())
			// One pass after the other beside the daemon, each with a slow
			// connection, so that what it has read and not yet written often
			// meets LiteLLM's writes.
			proxy, slow := before(t, db.URL)
			proxy.SetDelay(time.Millisecond)
			var hurried sync.WaitGroup
			hurried.Go(func() {
				for ctx.Err() == nil { //nolint:contextcheck // a pass goes on to its end
					r := run(t, at(slow), nil, "--once", "--guard-max-revoked-fraction=1", "--repair-batch-size=7")
					i.count(fmt.Sprintf("passes beside it that ended with %d", r.code))
				}
			})
			l.write(ctx)
			cancel()
			hurried.Wait()
			i.addN(int(l.count.Load()))

			i.longest("in sync after the last write in", eventually(t, func() error { return inSync(t, of(db)) }))
			if code := d.stop(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
			i.compare(t, db, l)
			i.wantNobodyWaiting(t, db, l)
		})
	}
}

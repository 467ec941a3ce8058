//go:build faults

package faults_test

import (
	"fmt"
	"net/url"
	"sync/atomic"
	"testing"

	"litellm-reconciler/internal/faults/pgproxy"
	"litellm-reconciler/internal/pgtest"
)

func TestARestartOfPostgresInTheMiddleOfAPassLosesNothing(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*testing.T, *pgtest.Server){"fast": stopFast, "immediate": stopAtOnce} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := pgtest.Own(t)
			db := server.New(t, pgtest.V1_88)
			// What the server has acknowledged must survive it here; the
			// others of these tests need no such server.
			db.Exec(t, fmt.Sprintf(`ALTER DATABASE %q SET synchronous_commit = on`, db.Name))
			everyKind(t, db)
			i := inject(t, "Postgres restarted ("+name+") in the middle of a pass of the daemon")
			was := photograph(t, db)
			undisturbed := twin(t, db, "twin")
			once(t, of(undisturbed))
			target := photograph(t, undisturbed)
			undisturbed.Pool.Close()
			u, err := url.Parse(db.URL)
			if err != nil {
				t.Fatal(err)
			}
			proxy, through := before(t, db.URL)

			// Restarts before the first, the third, ... COMMIT of the repairs.
			reached, goOn := make(chan int), make(chan bool)
			var commits atomic.Int64
			proxy.SetRule(func(m pgproxy.Message) pgproxy.Verdict {
				if n := commits.Load(); !m.Commits() || n >= 8 || commits.Add(1)%2 == 0 {
					return pgproxy.Pass
				}
				select {
				case reached <- m.Number:
					<-goOn
				case <-t.Context().Done():
				}
				return pgproxy.Pass
			})
			d := start(t, at(through), "--repair-batch-size=2")
			for range 4 {
				select {
				case <-reached:
				case <-t.Context().Done():
				}
				proxy.SetTarget("127.0.0.1:1") // the daemon waits until the state was seen
				stop(t, server)
				goOn <- true
				startAgain(t, server, db)
				i.add()
				i.wantBetween(t, "after a restart", was, photograph(t, db), target)
				proxy.SetTarget(u.Host)
			}
			proxy.SetRule(nil)

			i.longest("converged after the last restart in", eventually(t, func() error { return inSync(t, at(db.URL)) }))
			i.wantSame(t, "in the end", photograph(t, db), target)
			d.await(t, 200)
			if code := d.stop(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

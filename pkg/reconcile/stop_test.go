package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/reconcile"
)

// Whatever ends a pass while several transactions are under way: each of them is
// committed and counted, or undone, and none goes on behind the pass.
func TestAPassThatIsEndedCountsWhatItsTransactionsDid(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end  func(t *testing.T, b *bundle, cancel func())
		want error
	}{
		"by a stop": {func(_ *testing.T, _ *bundle, cancel func()) { cancel() }, context.Canceled},
		"by the loss of the lease": {func(t *testing.T, b *bundle, _ func()) {
			b.Exec(t, "UPDATE litellm_reconciler.lease SET term = 2")
		}, lease.ErrLost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_83_14)
			b.config.BatchSize, b.config.Concurrency = 5, 3
			b.many(t, 300)
			b.Exec(t, `INSERT INTO litellm_reconciler.lease VALUES ('daemon', 'me', 1, now(), now() + interval '1 minute')`)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := false
			report, err := b.passContext(ctx, reconcile.Options{Fence: &lease.Fence{Holder: "me", Term: 1}, Progress: func(done, _ int) {
				if done >= 50 && !ended {
					ended = true
					test.end(t, b, cancel)
				}
			}})
			if !errors.Is(err, test.want) || report.Done.Teams < 50 || report.Done.Teams > 100 || report.Done.Unfinished() != 0 {
				t.Errorf("got %+v, %v", report.Done, err)
			}
			if n := pgtest.Scalar[int](t, b.Database, "SELECT count(*)::int FROM litellm_reconciler.changes"); n != report.Done.Teams {
				t.Errorf("%d teams were written, %d counted", n, report.Done.Teams)
			}
			if got := pgtest.Scalar[string](t, b.Database, "SELECT result || ' ' || repaired FROM litellm_reconciler.runs"); got != fmt.Sprint("stopped ", report.Done.Teams) {
				t.Errorf("the run ended as %q", got)
			}
			if n := b.pool.Stat().AcquiredConns(); n != 0 {
				t.Errorf("%d transactions are under way", n)
			}
			b.wantConsistent(t)
		})
	}
}

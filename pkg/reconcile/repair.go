package reconcile

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

// hopeless is how many teams in a row may time out, each alone in its
// transaction, before the cause is taken to be the database and not the team: a
// table that is locked as a whole, say.
const hopeless = 5

// repair fixes the drifted and the stale teams of a scan, a batch a
// transaction. A team that fails does not stop the others; an error that would
// meet every team does.
func (r *Reconciler) repair(ctx context.Context, c litellm.Catalog, run ledger.Run, found Found, o Options) (Outcome, error) {
	w := &worker{Reconciler: r, sweeps: r.Attempts, catalog: c, run: run, fence: o.Fence, shared: found.shared, outcome: newOutcome()}
	w.outcome.Skipped[Sentinel] = found.Sentinels
	w.job = func(t *transaction, _ *pgx.Batch, _ []string) decider { return repair{t, o.AllowRevokes}.decide }
	return w.work(ctx, o.Progress, slices.Concat(found.Drifted, found.Stale))
}

// job is what a worker is there for: to repair, to revert or to adopt. It
// queues what it needs to read of a batch of teams beside what every
// transaction reads, and returns what then decides about each of them.
type job func(t *transaction, q *pgx.Batch, teams []string) decider

type decider func(target Target, b *litellm.Batch, grant ledger.Grant, known bool)

// worker goes through teams, a batch a transaction.
type worker struct {
	*Reconciler
	job job
	// sweeps is how often teams that other sessions hold are tried.
	sweeps  int
	catalog litellm.Catalog
	run     ledger.Run
	fence   *lease.Fence
	shared  map[string]bool
	// queued are the items that the teams were taken off the queue by, none in a pass.
	queued  queued
	outcome Outcome
	wrote   bool
	// inARow counts single teams that failed one after the other.
	inARow int
}

// work sees to the targets, one list after the other, each in the order of the
// ids, and records the run if it wrote anything.
func (w *worker) work(ctx context.Context, progress func(done, total int), lists ...[]Target) (Outcome, error) {
	if progress == nil {
		progress = func(int, int) {}
	}
	var err error
	for _, targets := range lists {
		slices.SortFunc(targets, func(a, b Target) int { return strings.Compare(a.Team, b.Team) })
		if err = w.all(ctx, targets, progress); err != nil {
			break
		}
	}
	if w.wrote {
		w.finish(ctx, err)
	}
	return w.outcome, err
}

// all sees to the targets, then tries again those that other sessions held.
func (w *worker) all(ctx context.Context, targets []Target, progress func(done, total int)) error {
	total, done := len(targets), 0
	for attempt := 1; len(targets) > 0; attempt++ {
		var busy []Target
		for batch := range slices.Chunk(targets, w.BatchSize) {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("stopped after %d of %d teams: %w", done, total, context.Cause(ctx))
			}
			held, err := w.batch(ctx, batch, w.Attempts)
			if err != nil {
				return err
			}
			busy = append(busy, held...)
			done += len(batch) - len(held)
			progress(done, total)
		}
		targets = busy
		if attempt == w.sweeps {
			break
		}
		if len(targets) > 0 && !pause(ctx, attempt) {
			return fmt.Errorf("stopped after %d of %d teams: %w", done, total, context.Cause(ctx))
		}
	}
	w.outcome.Skipped[Busy] += len(targets)
	if len(targets) > 0 {
		w.log.Warn("teams are locked by other sessions, left to the next pass", "teams", len(targets), "first", targets[0].Team)
	}
	return nil
}

// batch sees to some teams in one transaction and returns those that another
// session held. What should pass is retried; what fails still is split until
// the team that fails is alone.
func (w *worker) batch(ctx context.Context, targets []Target, attempts int) (busy []Target, err error) {
	if len(targets) == 1 {
		attempts = w.Attempts // nothing is left to split
	}
	for attempt := 1; ; attempt++ {
		var t *transaction
		t, err = w.transact(ctx, targets)
		switch {
		case err == nil:
			w.inARow = 0
			w.outcome.merge(t.outcome)
			w.outcome.Skipped[Moved] += len(t.moved)
			w.queued.remove(t.settled)
			w.wrote = w.wrote || t.wrote
			return t.busy, nil
		case postgres.Systemic(err), errors.Is(err, lease.ErrLost):
			return nil, fmt.Errorf("writing teams: %w", err)
		case attempt < attempts && retryable(err):
			w.log.Debug("a repair transaction is tried again", "teams", len(targets), "attempt", attempt, "error", err)
			if !pause(ctx, attempt) {
				return nil, fmt.Errorf("writing teams: %w", context.Cause(ctx))
			}
			continue
		}
		break
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("writing teams: %w", context.Cause(ctx))
	}
	if len(targets) > 1 {
		half := len(targets) / 2
		first, err := w.batch(ctx, targets[:half], 1)
		if err != nil {
			return nil, err
		}
		second, err := w.batch(ctx, targets[half:], 1)
		return append(first, second...), err
	}
	w.inARow++
	if postgres.TimedOut(err) && w.inARow >= hopeless {
		return nil, fmt.Errorf("writing teams: %d timed out one after the other, giving up until the next pass: %w", w.inARow, err)
	}
	w.log.Error("a team could not be written", "team", targets[0].Team, "error", postgres.Explain(err))
	w.outcome.Failed = append(w.outcome.Failed, Failure{targets[0].Team, postgres.Explain(err)})
	return nil, nil
}

// finish records the end of the run. The pass is over: it must be recorded
// even when the context was cancelled. The repair is done and committed by
// then, so that a mark that cannot be set is no failure of the pass.
func (w *worker) finish(ctx context.Context, err error) {
	result := "ok"
	switch {
	case err != nil && ctx.Err() != nil, errors.Is(err, lease.ErrLost):
		result = "stopped"
	case err != nil:
		result = "error"
	case w.outcome.Unfinished() > 0:
		result = "partial"
	}
	patience := 5 * time.Second
	if ctx.Err() != nil {
		patience = min(patience, w.Grace/10)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := w.run.Finish(ctx, w.pool, w.Names, w.now(), result, w.outcome.Teams, w.outcome.Unfinished()); err != nil {
		w.log.Warn("the end of the run was not recorded", "run", w.run.ID, "error", postgres.Explain(err))
	}
}

// pause waits with exponential backoff and jitter. It returns false when the
// context ended first.
func pause(ctx context.Context, attempt int) bool {
	limit := min(50*time.Millisecond<<min(attempt, 6), 2*time.Second)
	wait := limit/2 + rand.N(limit/2) //nolint:gosec // jitter needs no secrecy
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

package reconcile

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

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
	w := r.worker(c, run)
	w.fence, w.shared = o.Fence, found.shared
	w.outcome.Skipped[Sentinel] = found.Sentinels
	w.job = func(t *transaction, _ *pgx.Batch, _ []string) decider { return repair{t, o.AllowRevokes}.decide }
	return w.work(ctx, o.Progress, found.targets())
}

// job is what a worker is there for: to repair, to revert or to adopt. It
// queues what it needs to read of a batch of teams beside what every
// transaction reads, and returns what then decides about each of them.
type job func(t *transaction, q *pgx.Batch, teams []string) decider

type decider func(target Target, b *litellm.Batch, grant ledger.Grant, known bool)

// worker goes through teams, a batch a transaction, and a few of those at once.
type worker struct {
	*Reconciler
	job job
	// sweeps is how often teams that other sessions hold are tried.
	sweeps  int
	catalog litellm.Catalog
	run     ledger.Run
	fence   *lease.Fence
	shared  map[string]bool
	lists   *litellm.Lists
	// mu guards what follows, which the transactions add to.
	mu sync.Mutex
	// queued are the items that the teams were taken off the queue by, none in a pass.
	queued  queued
	outcome Outcome
	wrote   bool
	// inARow counts single teams that failed one after the other.
	inARow int
}

func (r *Reconciler) worker(c litellm.Catalog, run ledger.Run) *worker {
	return &worker{Reconciler: r, sweeps: r.Attempts, catalog: c, run: run, lists: litellm.NewLists(), outcome: newOutcome()}
}

// work sees to the targets, one list after the other, each in the order of the
// ids, and records the run if it wrote anything.
func (w *worker) work(ctx context.Context, progress func(done, total int), lists ...Targets) (Outcome, error) {
	if progress == nil {
		progress = func(int, int) {}
	}
	var err error
	for _, targets := range lists {
		targets.Sort()
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
func (w *worker) all(ctx context.Context, targets Targets, progress func(done, total int)) error {
	total, done := targets.Len(), 0
	stopped := func() error {
		return fmt.Errorf("stopped after %d of %d teams: %w", done, total, context.Cause(ctx))
	}
	atOnce := w.Concurrency
	for attempt := 1; targets.Len() > 0; attempt++ {
		busy, err := w.once(ctx, &targets, atOnce, func(seen int) {
			done += seen
			progress(done, total)
		})
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil && done+len(busy) < total:
			return stopped()
		}
		if targets = NewTargets(busy...); attempt == w.sweeps {
			break
		}
		atOnce = 1 // teams that share a row keep each other waiting
		if targets.Sort(); len(busy) > 0 && !pause(ctx, attempt) {
			return stopped()
		}
	}
	w.outcome.Skipped[Busy] += targets.Len()
	if targets.Len() > 0 {
		w.log.Warn("teams are locked by other sessions, left to the next pass", "teams", targets.Len(), "first", targets.At(0).Team)
	}
	return nil
}

// once goes through the targets, that many transactions at once, and returns
// those that other sessions held. A cancelled context ends it without an error.
// Seen hears how many were seen to, never twice at once.
func (w *worker) once(ctx context.Context, targets *Targets, atOnce int, seen func(int)) (busy []Target, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // also where nothing waits for the group
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for batch := range targets.Chunks(w.BatchSize) {
		work := func() error {
			if within.Err() != nil {
				return nil
			}
			held, err := w.batch(within, batch, w.Attempts)
			w.mu.Lock()
			defer w.mu.Unlock()
			if err != nil {
				return err
			}
			busy = append(busy, held...)
			seen(len(batch) - len(held))
			return nil
		}
		if w.started() {
			g.Go(work)
		} else if err := work(); err != nil { // the first to write records the run, and others would wait for that
			return nil, err
		}
	}
	err = g.Wait()
	return busy, err
}

func (w *worker) started() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrote
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
			w.add(t)
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
	return nil, w.fail(targets[0].Team, err)
}

// add counts a transaction that was committed.
func (w *worker) add(t *transaction) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inARow = 0
	w.outcome.merge(t.outcome)
	w.outcome.Skipped[Moved] += len(t.moved)
	w.queued.remove(t.settled)
	w.wrote = w.wrote || t.wrote
}

// fail counts a team that is given up, and returns an error where all are.
func (w *worker) fail(team string, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inARow++
	if postgres.TimedOut(err) && w.inARow >= hopeless {
		return fmt.Errorf("writing teams: %d timed out one after the other, giving up until the next pass: %w", w.inARow, err)
	}
	w.log.Error("a team could not be written", "team", team, "error", postgres.Explain(err))
	w.outcome.Failed = append(w.outcome.Failed, Failure{team, postgres.Explain(err)})
	return nil
}

// finish records the end of the run. The pass is over: it must be recorded
// even when the context was cancelled. The repair is done and committed by
// then, so that a mark that cannot be set is no failure of the pass. A pass
// waits for the disk, once for all that it committed; where teams were taken
// off the queue the next ones may be waiting, and a crash puts them back.
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
	if err := w.run.Finish(ctx, w.pool, w.Names, w.now(), result, w.outcome.Teams, w.outcome.Unfinished(), w.queued == nil); err != nil {
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

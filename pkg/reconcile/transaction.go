package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/watch"
)

// transaction sees to one batch of teams: lock, read again, decide, write.
// Row, link, ledger and change log are committed together or not at all.
type transaction struct {
	*worker
	tx      pgx.Tx
	outcome Outcome
	busy    []Target
	moved   []Target
	wrote   bool
	steps   []step
	forget  []string
	// settled are the items of the queue that are seen to.
	settled []watch.Item
}

// beginWork sets the limits together with BEGIN: already the parsing of a
// statement can wait for the lock on a table. LOCAL, because the session may be
// PgBouncer's and serve others. A batch is found by its keys. Its commit does
// not wait for the disk: a crash of the server undoes all of it, and the next
// pass makes it again.
const beginWork = `BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = %d;
SET LOCAL idle_in_transaction_session_timeout = %d; SET LOCAL synchronous_commit = off; ` + postgres.ByKeys + `; `

// transact runs one transaction. It goes on for most of the grace period after
// ctx was cancelled, so that a stop finishes what it began; the rest is for
// recording the end of the run, handing on metrics, and closing connections.
func (w *worker) transact(ctx context.Context, targets []Target) (*transaction, error) {
	ctx, cancel := graceful(ctx, w.Grace/10*7)
	defer cancel()
	// The server bounds each statement; this is for one that never answers.
	ctx, stop := context.WithTimeout(ctx, unanswered(w.StatementTimeout))
	defer stop()
	t := &transaction{worker: w, outcome: newOutcome()}
	err := pgx.BeginTxFunc(ctx, w.pool, w.begin(), func(tx pgx.Tx) error {
		t.tx = tx
		if err := t.read(ctx, targets); err != nil {
			return err
		}
		return t.write(ctx, targets)
	})
	return t, err
}

// begin keeps what is written from coming back as a change to be looked at.
func (r *Reconciler) begin() pgx.TxOptions {
	return pgx.TxOptions{BeginQuery: fmt.Sprintf(beginWork, milliseconds(r.LockTimeout),
		milliseconds(r.StatementTimeout), milliseconds(r.IdleTimeout)) + watch.Quiet(r.Names)}
}

// read locks the teams and their rows, reads them again together with their
// groups and grants, and decides. What was read before is not used, except
// which row the search for other owners was about.
func (t *transaction) read(ctx context.Context, targets []Target) error {
	var all, rowless, others []string
	for _, target := range targets {
		all = append(all, target.Team)
		if target.Row == "" {
			rowless = append(rowless, target.Team)
		} else {
			others = append(others, target.Team)
		}
	}
	var q pgx.Batch
	if t.fence != nil {
		t.fence.Queue(&q, t.Names)
	}
	teams := litellm.NewBatch(t.lists)
	teams.QueueRead(&q, t.Names, others)
	teams.QueueReadRowless(&q, t.Names, rowless)
	grants := ledger.QueueRead(&q, t.Names, all)
	decide := t.job(t, &q, all)
	if err := postgres.Send(ctx, t.tx, &q); err != nil {
		return fmt.Errorf("locking and reading teams: %w", err)
	}
	if err := t.readOthers(ctx, teams, teams.Others(rowless)); err != nil {
		return err
	}
	for _, target := range targets {
		grant, known := grants[target.Team]
		if team := teams.Teams[target.Team]; team.RowExists {
			grant = grant.In(*team.RowID)
		}
		decide(target, teams, grant, known)
	}
	return t.lockLinks(ctx, teams.Linkable)
}

// readOthers reads teams that were thought to have no row: they have one by
// now, another session holds them, or they are gone.
func (t *transaction) readOthers(ctx context.Context, b *litellm.Batch, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	var q pgx.Batch
	b.QueueRead(&q, t.Names, ids)
	if err := postgres.Send(ctx, t.tx, &q); err != nil {
		return fmt.Errorf("locking and reading teams: %w", err)
	}
	return nil
}

// lockLinks takes the stronger lock on teams that are to get another row and
// do not have it yet, and leaves out those that another session writes right now.
func (t *transaction) lockLinks(ctx context.Context, linkable map[string]bool) error {
	var links []litellm.Link
	for _, s := range t.steps {
		if s.links() && !linkable[s.target.Team] {
			links = append(links, s.link())
		}
	}
	if len(links) == 0 {
		return nil
	}
	var q pgx.Batch
	free := litellm.QueueLockLinks(&q, t.Names, links)
	if err := postgres.Send(ctx, t.tx, &q); err != nil {
		return fmt.Errorf("locking teams to be linked: %w", err)
	}
	t.steps = slices.DeleteFunc(t.steps, func(s step) bool {
		held := s.links() && !linkable[s.target.Team] && !free[s.target.Team]
		if held {
			t.busy = append(t.busy, s.target)
		}
		return held
	})
	return nil
}

func (t *transaction) write(ctx context.Context, targets []Target) error {
	t.mu.Lock()
	t.settled = t.queued.of(targets, t.busy, t.moved)
	t.mu.Unlock()
	var q pgx.Batch
	if len(t.settled) > 0 {
		watch.QueueDone(&q, t.Names, t.settled, func(waited time.Duration) { t.outcome.Waited = append(t.outcome.Waited, waited) })
	}
	if len(t.steps) > 0 || len(t.forget) > 0 {
		t.wrote = true
		if err := t.queueWrites(ctx, &q); err != nil {
			return err
		}
	}
	if q.Len() == 0 {
		return nil
	}
	if err := postgres.Send(ctx, t.tx, &q); err != nil {
		return fmt.Errorf("writing rows and ledger: %w", err)
	}
	return nil
}

func (t *transaction) queueWrites(ctx context.Context, q *pgx.Batch) error {
	rows := litellm.Writes{}
	memory := ledger.Writes{Run: t.run, Forget: t.forget}
	for _, s := range t.steps {
		s.write(&rows)
		memory.Entries = append(memory.Entries, s.entry)
		t.outcome.count(s)
	}
	catalog, err := t.columns(ctx, rows)
	if err != nil {
		return err
	}
	rows.Queue(q, t.Names, catalog)
	return memory.Queue(q, t.Names)
}

// columns reads the catalog again before a row is copied: LiteLLM may have
// been upgraded since the pass began, and from here on the lock on the row
// keeps it from adding a column that the copy would lose.
func (t *transaction) columns(ctx context.Context, w litellm.Writes) (litellm.Catalog, error) {
	if len(w.Copy) == 0 {
		return t.catalog, nil
	}
	return litellm.Inspect(ctx, t.tx, t.Names)
}

func retryable(err error) bool {
	return postgres.Transient(err) || errors.Is(err, litellm.ErrConflict)
}

// graceful returns a context that is cancelled a grace period after its parent
// was.
func graceful(parent context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		select {
		case <-ctx.Done():
		case <-time.After(grace):
			cancel(context.Cause(parent))
		}
	})
	return ctx, func() {
		stop()
		cancel(context.Canceled)
	}
}

// unanswered is how long a handful of statements may take before the server is
// taken to be unreachable.
func unanswered(statement time.Duration) time.Duration { return 5*statement + 10*time.Second }

// milliseconds is at least 1: to Postgres 0 means no limit.
func milliseconds(d time.Duration) int64 { return max(d.Milliseconds(), 1) }

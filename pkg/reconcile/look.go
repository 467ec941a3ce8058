package reconcile

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

// ending is how long the end of a snapshot is waited for after a stop: it spares
// a connection, and writes nothing.
const ending = time.Second

// look runs do in one snapshot that the server keeps from writing. What do asks
// of the server is for do to bound; its begin and its end are bounded here.
func (r *Reconciler) look(ctx context.Context, do func(pgx.Tx) error) error {
	return r.snapshot(ctx, postgres.Snapshot(r.LockTimeout, r.StatementTimeout), do)
}

// lookUp does so where a few things are found by their keys.
func (r *Reconciler) lookUp(ctx context.Context, do func(pgx.Tx) error) error {
	o := postgres.Snapshot(r.LockTimeout, r.StatementTimeout)
	o.BeginQuery += ";" + postgres.ByKeys
	return r.snapshot(ctx, o, do)
}

func (r *Reconciler) snapshot(ctx context.Context, o pgx.TxOptions, do func(pgx.Tx) error) error {
	begin, cancel := r.answered(ctx)
	defer cancel()
	tx, err := r.pool.BeginTx(begin, o)
	if err != nil {
		return err
	}
	err = do(tx)
	end, stop := graceful(ctx, ending)
	defer stop()
	end, cancel = r.answered(end)
	defer cancel()
	if err != nil {
		_ = tx.Rollback(end) // the error that counts is the first
		return err
	}
	return tx.Commit(end)
}

// answered bounds a handful of statements. The server bounds each of them; this
// is for a server that never answers.
func (r *Reconciler) answered(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, unanswered(r.StatementTimeout))
}

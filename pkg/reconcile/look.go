package reconcile

import (
	"context"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

// look runs do in one snapshot that the server keeps from writing. What do asks
// of the server is for do to bound; its begin and its end are bounded here.
func (r *Reconciler) look(ctx context.Context, do func(pgx.Tx) error) error {
	begin, cancel := r.answered(ctx)
	defer cancel()
	tx, err := r.pool.BeginTx(begin, postgres.Snapshot(r.LockTimeout, r.StatementTimeout))
	if err != nil {
		return err
	}
	err = do(tx)
	end, cancel := r.answered(context.WithoutCancel(ctx))
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

package reconcile

import (
	"context"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

// look runs do in one snapshot that the server keeps from writing. The server
// bounds each statement; the time in between, as for showing what was read, is
// not bounded.
func (r *Reconciler) look(ctx context.Context, do func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, r.pool, postgres.Snapshot(r.LockTimeout, r.StatementTimeout), do)
}

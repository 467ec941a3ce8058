package reconcile

import (
	"context"
	"time"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

// sweepFor bounds how long rows are deleted after a revert. Nothing indexes
// object_permission_id, so that each deletion has Postgres scan every table
// that refers to the row, for the foreign keys, and us once more before.
const sweepFor = time.Minute

// sweep deletes rows that a revert emptied and that nothing points at, as long
// as there is time, and returns how many. What is left over grants nothing to
// nobody: LiteLLM itself leaves such rows behind with every team it deletes. A
// role without the right to delete leaves them all.
func (r *Reconciler) sweep(ctx context.Context, c litellm.Catalog, rows []litellm.Orphan) (deleted int, err error) {
	deadline := r.now().Add(sweepFor)
	for _, row := range rows {
		if ctx.Err() != nil || r.now().After(deadline) {
			break
		}
		gone, err := litellm.DeleteRow(ctx, r.pool, r.Names, c, row, r.LockTimeout, r.StatementTimeout)
		switch {
		case ctx.Err() != nil:
			return deleted, nil
		case postgres.MissingRight(err):
			r.log.Debug("rows are not deleted: the role has no right to", "rows", len(rows))
			return deleted, nil
		case postgres.Transient(err):
			continue // somebody is busy with it; it is empty all the same
		case err != nil:
			return deleted, err
		}
		if gone {
			deleted++
		}
	}
	return deleted, nil
}

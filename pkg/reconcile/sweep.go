package reconcile

import (
	"context"
	"time"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

// sweepFor bounds how long rows are deleted after a revert, and after so many
// of them it is worked out whether all will fit. Nothing indexes
// object_permission_id, so that each deletion has Postgres scan every table
// that refers to the row, for the foreign keys, and us once more before.
const (
	sweepFor     = time.Minute
	sweepSamples = 10
)

// sweep deletes rows that a revert emptied and that nothing points at, unless
// that takes too long, and returns how many. What is left over grants nothing
// to nobody: LiteLLM itself leaves such rows behind with every team it deletes.
// A role without the right to delete leaves them all.
func (r *Reconciler) sweep(ctx context.Context, c litellm.Catalog, rows []litellm.Orphan) (deleted int, err error) {
	started := r.now()
	for i, row := range rows {
		took := r.now().Sub(started)
		if took > sweepFor || i == sweepSamples && took/sweepSamples*time.Duration(len(rows)) > sweepFor {
			r.log.Info("empty rows that nothing points at are left: deleting them would take too long", "rows", len(rows)-deleted)
			break
		}
		gone, err := litellm.DeleteRow(ctx, r.pool, r.Names, c, row, r.LockTimeout, r.StatementTimeout)
		switch {
		case ctx.Err() != nil:
			return deleted, nil
		case postgres.MissingRight(err):
			r.log.Info("empty rows that nothing points at are left: the role has no right to delete them", "rows", len(rows))
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

package reconcile

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

//go:embed abandoned.sql
var abandonedSQL string

// sweepFor bounds how long rows are deleted after a revert, and after so many
// of them it is worked out whether all will fit. Nothing indexes
// object_permission_id, so that each deletion has Postgres scan every table
// that refers to the row, for the foreign keys, and us once more before.
// Emptying scans them once for so many rows.
const (
	sweepFor     = time.Minute
	sweepSamples = 10
	emptySize    = 5000
)

// sweep empties the rows that reverts took from their teams and that nothing
// points at, and then deletes them, unless that takes too long; it returns how
// many. It goes by the change log, so that the next revert completes one that
// was interrupted. What is left over grants nothing to nobody: LiteLLM itself
// leaves such rows behind with every team it deletes. A role without the right
// to delete leaves them all.
func (r *Reconciler) sweep(ctx context.Context, c litellm.Catalog) (deleted int, err error) {
	var rows []litellm.Orphan
	err = r.look(ctx, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, r.Names.SQL(abandonedSQL, "{owners}", c.OwnersSQL(r.Names)))
		if err != nil {
			return fmt.Errorf("looking for rows that were given up: %w", err)
		}
		rows, err = pgx.CollectRows(found, pgx.RowToStructByPos[litellm.Orphan])
		return err
	})
	if err != nil {
		return 0, err
	}
	for chunk := range slices.Chunk(rows, emptySize) {
		if err := litellm.EmptyRows(ctx, r.pool, r.Names, c, chunk, r.LockTimeout, r.StatementTimeout); err != nil {
			return 0, err
		}
	}
	started := r.now()
	for i, row := range rows {
		took := r.now().Sub(started)
		if took > sweepFor || i == sweepSamples && took/sweepSamples*time.Duration(len(rows)) > sweepFor {
			r.log.Info("empty rows that nothing points at are left: deleting them would take too long", "rows", len(rows)-deleted)
			break
		}
		gone, err := litellm.DeleteRow(ctx, r.pool, r.Names, c, row, r.LockTimeout, r.StatementTimeout)
		switch {
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

package litellm

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/pkg/postgres"
)

//go:embed lock_orphan.sql
var lockOrphanSQL string

//go:embed delete_orphan.sql
var deleteOrphanSQL string

// Orphan is a permission row that nothing is to point at any more.
type Orphan struct {
	ID string
	// Source is the row that it was copied from, "" for none.
	Source string
}

// DeleteRow deletes an orphan in a transaction of its own, unless it holds
// anything that its source does not, something points at it, or it is locked;
// deleted says whether. A foreign key would set what points at it to NULL without a word, so
// the row is locked before its owners are looked for: a new link waits for that
// lock, and then finds no row.
func DeleteRow(ctx context.Context, pool *pgxpool.Pool, names postgres.Names, c Catalog, o Orphan, lock, statement time.Duration) (deleted bool, err error) {
	begin := pgx.TxOptions{BeginQuery: fmt.Sprintf("BEGIN; SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = %d",
		max(lock.Milliseconds(), 1), max(statement.Milliseconds(), 1))}
	err = pgx.BeginTxFunc(ctx, pool, begin, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, names.SQL(lockOrphanSQL), o.ID, o.Source)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		tag, err = tx.Exec(ctx, names.SQL(deleteOrphanSQL, "{owners}", c.owners(names)), o.ID)
		deleted = tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("deleting an empty row: %w", err)
	}
	return deleted, nil
}

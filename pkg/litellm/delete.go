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

//go:embed lock_orphans.sql
var lockOrphansSQL string

//go:embed empty_orphans.sql
var emptyOrphansSQL string

//go:embed delete_orphan.sql
var deleteOrphanSQL string

// Orphan is a permission row that nothing is to point at any more.
type Orphan struct {
	ID string
	// Source is the row that it was copied from, "" for none.
	Source string
}

// EmptyRows takes the servers out of orphans, in one transaction, except of
// those that something points at or that are locked. The rows are locked before
// their owners are looked for, so that a new link waits, and then finds the row
// empty. It scans every owner table: call it for thousands at once.
func EmptyRows(ctx context.Context, pool *pgxpool.Pool, names postgres.Names, c Catalog, orphans []Orphan, lock, statement time.Duration) error {
	ids := make([]string, len(orphans))
	for i, o := range orphans {
		ids[i] = o.ID
	}
	err := pgx.BeginTxFunc(ctx, pool, briefly(lock, statement), func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, names.SQL(lockOrphansSQL), ids)
		if err != nil {
			return err
		}
		locked, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, names.SQL(emptyOrphansSQL, "{owners}", c.OwnersSQL(names)), locked)
		return err
	})
	if err != nil {
		return fmt.Errorf("emptying rows that nothing points at: %w", err)
	}
	return nil
}

// DeleteRow deletes an orphan in a transaction of its own, unless it holds
// anything that its source does not, something points at it, or it is locked;
// deleted says whether. A foreign key would set what points at it to NULL
// without a word, so the row is locked before its owners are looked for: a new
// link waits for that lock, and then finds no row. Without a foreign key a link
// made in between points at nothing, as at an empty row before.
func DeleteRow(ctx context.Context, pool *pgxpool.Pool, names postgres.Names, c Catalog, o Orphan, lock, statement time.Duration) (deleted bool, err error) {
	err = pgx.BeginTxFunc(ctx, pool, briefly(lock, statement), func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, names.SQL(lockOrphanSQL), o.ID, o.Source)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		tag, err = tx.Exec(ctx, names.SQL(deleteOrphanSQL, "{owners}", c.OwnersSQL(names)), o.ID)
		deleted = tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("deleting an empty row: %w", err)
	}
	return deleted, nil
}

// briefly begins a transaction each of whose statements sees what was committed
// before it, whatever the default of the role is.
func briefly(lock, statement time.Duration) pgx.TxOptions {
	return pgx.TxOptions{BeginQuery: fmt.Sprintf(
		"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = %d; SET LOCAL jit = off",
		max(lock.Milliseconds(), 1), max(statement.Milliseconds(), 1))}
}

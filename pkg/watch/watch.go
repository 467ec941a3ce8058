// Package watch hears of what LiteLLM changes: opt-in triggers on LiteLLM's
// tables fill a queue that survives both sides, and the teams to be repaired
// are taken from it.
//
// The triggers put down which team, access group or permission row was changed
// (the inbox), and no more, because they run in LiteLLM's transactions. Collect
// turns that into teams (pending). A team stays there until the transaction
// that repaired it.
package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/pkg/postgres"
)

// Watch works on one database. All fields are required. It may be used by
// several goroutines and processes at once.
type Watch struct {
	Pool  *pgxpool.Pool
	Names postgres.Names
	// LockTimeout and StatementTimeout bound what a transaction waits.
	LockTimeout, StatementTimeout time.Duration
	// Patience is how long Install and Remove go on trying while others use
	// LiteLLM's tables.
	Patience time.Duration
}

// Channel is where the triggers notify, with nothing as the payload.
func Channel(names postgres.Names) string { return names.Ledger }

// Quiet is a statement that keeps what its transaction writes from waking the
// triggers of this ledger.
func Quiet(names postgres.Names) string {
	return names.SQL("SET LOCAL litellm_reconciler.quiet = {ledger}")
}

// Rights are the privileges that using the queue needs.
func Rights(names postgres.Names) []postgres.Right {
	rights := []postgres.Right{{Schema: names.Ledger, Privilege: "USAGE"}}
	for _, need := range []struct {
		table      string
		privileges []string
	}{
		{"inbox", []string{"SELECT", "UPDATE", "DELETE"}}, // UPDATE: to lock
		{"pending", []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
		{"teams", []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
		{"grants", []string{"SELECT"}},
	} {
		for _, p := range need.privileges {
			rights = append(rights, postgres.Right{Schema: names.Ledger, Table: need.table, Privilege: p})
		}
	}
	for _, column := range []string{"team_id", "object_permission_id", "access_group_ids"} {
		rights = append(rights, postgres.Right{Schema: names.LiteLLM, Table: "LiteLLM_TeamTable", Column: column, Privilege: "SELECT"})
	}
	return rights
}

const (
	begin = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = %d;
SET LOCAL search_path = pg_catalog; SET LOCAL jit = off`

	byKeys = ";" + postgres.ByKeys

	// oneSQL lets a single transaction at a time change what is known of the
	// teams, so that an older state never overwrites a newer one. No lock on the
	// table: that and autovacuum would keep each other from their work. Two keys
	// are another space than the one key of the locks on teams.
	oneSQL = "SELECT pg_advisory_xact_lock(hashtext('litellm_reconciler'), hashtext($1))"
)

// transact runs a transaction that waits for locks no longer than lock, with
// more settings where there are any.
func (w Watch) transact(ctx context.Context, lock time.Duration, more string, do func(pgx.Tx) error) error {
	// The server bounds each statement; this is for one that never answers.
	ctx, cancel := context.WithTimeout(ctx, 5*w.StatementTimeout+10*time.Second)
	defer cancel()
	options := pgx.TxOptions{BeginQuery: fmt.Sprintf(begin, max(lock.Milliseconds(), 1),
		max(w.StatementTimeout.Milliseconds(), 1)) + more} // 0 would be no limit
	return pgx.BeginTxFunc(ctx, w.Pool, options, do)
}

// alone runs a transaction that is the only one to change what is known of the teams.
func (w Watch) alone(ctx context.Context, more string, do func(pgx.Tx) error) error {
	return w.transact(ctx, w.LockTimeout, more, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, oneSQL, w.Names.Ledger); err != nil {
			return err
		}
		return do(tx)
	})
}

// failed says what did not work out, and which rights are missing for it.
func (w Watch) failed(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	return postgres.WithGrants(ctx, w.Pool, fmt.Errorf("%s: %w", doing, err), "tables", Rights(w.Names))
}

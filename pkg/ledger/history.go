package ledger

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed history.sql
var historySQL string

//go:embed run_columns.sql
var runColumnsSQL string

//go:embed read_run.sql
var readRunSQL string

//go:embed knows_team.sql
var knowsTeamSQL string

// PastRun is a run as it is recorded.
type PastRun struct {
	Run
	// Finished is nil for a run that was interrupted, or goes on. So are its
	// Result and the numbers of teams that it Repaired, and Failed at.
	Finished         *time.Time
	Result           *string
	Repaired, Failed *int
}

func (r *PastRun) columns() []any {
	return []any{
		&r.ID, &r.Started, &r.Trigger, &r.Policy, &r.Version, &r.Host, &r.Reverts,
		&r.Finished, &r.Result, &r.Repaired, &r.Failed,
	}
}

// PastChange is a change as it is recorded.
type PastChange struct {
	ID        int64
	Time      time.Time
	Team, Row string
	// PreviousRow is what the team pointed at before, where that is another row.
	PreviousRow *string
	Action      Action
	// Before is nil where there was no row, or NULL in it.
	Before, After, Added, Removed []string
	// GrantedBy has the groups that grant each added or adopted entry.
	GrantedBy map[string][]string
	Run       PastRun
}

func (c *PastChange) columns() []any {
	return append([]any{
		&c.ID, &c.Time, &c.Team, &c.Row, &c.PreviousRow, &c.Action,
		&c.Before, &c.After, &c.Added, &c.Removed, &c.GrantedBy,
	}, c.Run.columns()...)
}

// Filter says which changes are wanted. The zero value wants all of them.
type Filter struct {
	Team  string
	Run   uuid.UUID
	Since time.Time
}

// ReadHistory reads the newest of the changes whose ID is less than before, at
// most that many. Since the log only grows, the last ID of one call is where the
// next one goes on.
func ReadHistory(ctx context.Context, q postgres.Querier, names postgres.Names, f Filter, before int64, most int) ([]PastChange, error) {
	rows, err := q.Query(ctx, names.SQL(historySQL, "{run}", runColumnsSQL),
		before, unlessZero(f.Team), unlessZero(f.Run), unlessZero(f.Since), most)
	if err != nil {
		return nil, fmt.Errorf("reading the change log: %w", err)
	}
	changes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c PastChange, err error) {
		return c, row.Scan(c.columns()...)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the change log: %w", err)
	}
	return changes, nil
}

// ReadRun reads a run, and the ids of those that took it back.
func ReadRun(ctx context.Context, q postgres.Querier, names postgres.Names, id uuid.UUID) (r PastRun, revertedBy []uuid.UUID, err error) {
	rows, err := q.Query(ctx, names.SQL(readRunSQL, "{run}", runColumnsSQL), id)
	if err == nil {
		r, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (r PastRun, err error) {
			return r, row.Scan(append(r.columns(), &revertedBy)...)
		})
	}
	if err != nil {
		return r, nil, fmt.Errorf("reading run %s: %w", id, err)
	}
	return r, revertedBy, nil
}

// KnowsTeam reports whether the ledger has anything of a team of that id, which
// LiteLLM may have deleted.
func KnowsTeam(ctx context.Context, q postgres.Querier, names postgres.Names, id string) (bool, error) {
	rows, err := q.Query(ctx, names.SQL(knowsTeamSQL), id)
	if err != nil {
		return false, fmt.Errorf("looking for team %q in the ledger: %w", id, err)
	}
	known, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("looking for team %q in the ledger: %w", id, err)
	}
	return known, nil
}

// unlessZero is nil, and so NULL, for the zero value.
func unlessZero[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

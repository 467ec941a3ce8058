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

//go:embed last_changes.sql
var lastChangesSQL string

// Last is the last change that brought or took one entry of a team's row.
type Last struct {
	// Removed tells the two apart.
	Removed bool
	At      time.Time
	Run     uuid.UUID
	Action  Action
	// Groups are the access groups that granted the entry.
	Groups []string
}

// LastChanges reads the Last of every entry that the change log of a team
// knows, by entry.
func LastChanges(ctx context.Context, q postgres.Querier, names postgres.Names, team string) (map[string]Last, error) {
	rows, err := q.Query(ctx, names.SQL(lastChangesSQL), team)
	if err != nil {
		return nil, fmt.Errorf("reading the team's changes: %w", err)
	}
	changes := map[string]Last{}
	var entry string
	var l Last
	_, err = pgx.ForEachRow(rows, []any{&entry, &l.Removed, &l.At, &l.Run, &l.Action, &l.Groups}, func() error {
		changes[entry] = l
		l = Last{}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the team's changes: %w", err)
	}
	return changes, nil
}

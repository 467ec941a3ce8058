package reconcile

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed find_team.sql
var findTeamSQL string

// FindTeam returns the id of the team that goes by a name: its id, also if
// only the ledger still knows it, or its alias. The ledger must be installed.
func (r *Reconciler) FindTeam(ctx context.Context, name string) (string, error) {
	rows, err := r.pool.Query(ctx, r.Names.SQL(findTeamSQL), name)
	if err != nil {
		return "", fmt.Errorf("looking for team %q: %w", name, err)
	}
	var ids []string
	var id string
	var byID, exact bool
	_, err = pgx.ForEachRow(rows, []any{&id, &byID}, func() error {
		ids = append(ids, id)
		exact = exact || byID
		return nil
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("looking for team %q: %w", name, err)
	case exact:
		return name, nil
	case len(ids) == 0:
		return "", fmt.Errorf("no team has the id or alias %q", name)
	case len(ids) > 1:
		return "", fmt.Errorf("several teams have the alias %q, name one by its id: %s", name, strings.Join(ids, ", "))
	}
	return ids[0], nil
}

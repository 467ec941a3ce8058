package ledger

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed owned_before.sql
var ownedBeforeSQL string

// Place is a team and the row that it points at.
type Place struct{ Team, Row string }

// OwnedBefore reads from the change log what is owned in rows that teams came
// back to: the Grant of each is about another row. Two administrators who are
// late can bring that about, as LiteLLM writes a row back under the id that it
// read it under. Teams of which nothing is owned there are not in the map.
func OwnedBefore(ctx context.Context, q postgres.Querier, names postgres.Names, places []Place) (map[string]Grant, error) {
	if len(places) == 0 {
		return nil, nil
	}
	teams, rows := make([]string, len(places)), make([]string, len(places))
	at := make(map[string]string, len(places))
	for i, p := range places {
		teams[i], rows[i], at[p.Team] = p.Team, p.Row, p.Row
	}
	found, err := q.Query(ctx, names.SQL(ownedBeforeSQL), teams, rows)
	if err != nil {
		return nil, fmt.Errorf("reading what was granted before: %w", err)
	}
	grants := map[string]Grant{}
	var team string
	var g Grant
	_, err = pgx.ForEachRow(found, []any{&team, &g.Servers, &g.RowCreated}, func() error {
		g.RowID = at[team]
		grants[team] = g
		g = Grant{}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading what was granted before: %w", err)
	}
	return grants, nil
}

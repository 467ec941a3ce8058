package litellm

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed find_teams.sql
var findTeamsSQL string

//go:embed team_aliases.sql
var teamAliasesSQL string

// FindTeams returns the ids of the teams that have this id or alias, sorted.
func FindTeams(ctx context.Context, q postgres.Querier, names postgres.Names, name string) ([]string, error) {
	rows, err := q.Query(ctx, names.SQL(findTeamsSQL), name)
	if err != nil {
		return nil, fmt.Errorf("looking for team %q: %w", name, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("looking for team %q: %w", name, err)
	}
	return ids, nil
}

// TeamAliases returns the aliases of those of the teams that exist and have one.
func TeamAliases(ctx context.Context, q postgres.Querier, names postgres.Names, ids []string) (map[string]string, error) {
	rows, err := q.Query(ctx, names.SQL(teamAliasesSQL), ids)
	if err != nil {
		return nil, fmt.Errorf("reading the aliases of teams: %w", err)
	}
	aliases := make(map[string]string, len(ids))
	var id, alias string
	_, err = pgx.ForEachRow(rows, []any{&id, &alias}, func() error { aliases[id] = alias; return nil })
	if err != nil {
		return nil, fmt.Errorf("reading the aliases of teams: %w", err)
	}
	return aliases, nil
}

package reconcile

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"slices"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed selection_teams.sql
var selectionTeamsSQL string

//go:embed selection_organizations.sql
var selectionOrganizationsSQL string

// Selection narrows a pass down to some teams, by id or alias. What it leaves
// out is not looked at. The zero value selects every team.
type Selection struct {
	IncludeTeams, ExcludeTeams, IncludeOrganizations []string
}

// resolved is a selection in the form that SQL takes: nil for no restriction.
type resolved struct{ include, exclude, organizations []string }

func (s resolved) everything() bool {
	return s.include == nil && s.exclude == nil && s.organizations == nil
}

// resolve looks organizations up by alias and warns about names that nothing
// has: a mistyped exclusion would otherwise go unnoticed.
func (s Selection) resolve(ctx context.Context, tx pgx.Tx, names postgres.Names, log *slog.Logger) (resolved, error) {
	r := resolved{include: orNil(s.IncludeTeams), exclude: orNil(s.ExcludeTeams)}
	if teams := slices.Concat(s.IncludeTeams, s.ExcludeTeams); len(teams) > 0 {
		rows, err := tx.Query(ctx, names.SQL(selectionTeamsSQL), teams)
		if err != nil {
			return r, fmt.Errorf("looking up the selected teams: %w", err)
		}
		unknown, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return r, fmt.Errorf("looking up the selected teams: %w", err)
		}
		if len(unknown) > 0 {
			log.Warn("teams.include or teams.exclude names teams that do not exist", "names", unknown)
		}
	}
	if len(s.IncludeOrganizations) == 0 {
		return r, nil
	}
	rows, err := tx.Query(ctx, names.SQL(selectionOrganizationsSQL), s.IncludeOrganizations)
	if err != nil {
		return r, fmt.Errorf("looking up the selected organizations: %w", err)
	}
	r.organizations = []string{}
	var name string
	var id *string
	_, err = pgx.ForEachRow(rows, []any{&name, &id}, func() error {
		if id == nil {
			log.Warn("organizations.include names an organization that does not exist", "name", name)
			return nil
		}
		r.organizations = append(r.organizations, *id)
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("looking up the selected organizations: %w", err)
	}
	return r, nil
}

func orNil(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

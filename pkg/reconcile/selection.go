package reconcile

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"slices"
	"strings"

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
type resolved struct {
	include, exclude, organizations []string
	// nobody is set where no team has any of the names to be included.
	nobody bool
}

// somebody is an error where nobody is selected: to a person who looks, a
// mistyped name must not read as "in sync". To a daemon the team may come yet.
func (s resolved) somebody() error {
	if s.nobody {
		return fmt.Errorf("no team has an id or alias of teams.include: %s", strings.Join(s.include, ", "))
	}
	return nil
}

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
		r.nobody = len(s.IncludeTeams) > 0 && !slices.ContainsFunc(s.IncludeTeams, func(name string) bool { return !slices.Contains(unknown, name) })
		if len(unknown) > 0 && !r.nobody {
			log.Warn("teams.include or teams.exclude names teams that do not exist", "names", unknown)
		}
	}
	unknown, err := s.findOrganizations(ctx, tx, names, &r)
	if len(unknown) > 0 {
		log.Warn("organizations.include names organizations that do not exist", "names", unknown)
	}
	return r, err
}

// within resolves a selection to be applied to a few teams, by their keys: names
// that nothing has are for a pass to tell of.
func (s Selection) within(ctx context.Context, tx pgx.Tx, names postgres.Names) (resolved, error) {
	r := resolved{include: orNil(s.IncludeTeams), exclude: orNil(s.ExcludeTeams)}
	_, err := s.findOrganizations(ctx, tx, names, &r)
	return r, err
}

// findOrganizations resolves them to ids, and returns the names that none has.
func (s Selection) findOrganizations(ctx context.Context, tx pgx.Tx, names postgres.Names, r *resolved) (unknown []string, err error) {
	if len(s.IncludeOrganizations) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, names.SQL(selectionOrganizationsSQL), s.IncludeOrganizations)
	if err != nil {
		return nil, fmt.Errorf("looking up the selected organizations: %w", err)
	}
	r.organizations = []string{}
	var name string
	var id *string
	_, err = pgx.ForEachRow(rows, []any{&name, &id}, func() error {
		if id == nil {
			unknown = append(unknown, name)
			return nil
		}
		r.organizations = append(r.organizations, *id)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking up the selected organizations: %w", err)
	}
	return unknown, nil
}

func orNil(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

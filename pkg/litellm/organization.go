package litellm

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed access_organization.sql
var accessOrganizationSQL string

// Organization is what the keys of its teams are limited to.
type Organization struct {
	ID, Alias string
	Entitlement
}

// ReadOrganization reads the organization of a team, the zero value for a team
// without one.
func ReadOrganization(ctx context.Context, q postgres.Querier, names postgres.Names, team string) (Organization, error) {
	rows, err := q.Query(ctx, names.SQL(accessOrganizationSQL, "{entitlements}", names.SQL(entitlementsSQL)), team)
	if err != nil {
		return Organization{}, fmt.Errorf("reading the team's organization: %w", err)
	}
	o, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (o Organization, err error) {
		return o, row.Scan(&o.ID, &o.Alias, &o.Servers, &o.TagGroups, &o.ToolServers)
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Organization{}, fmt.Errorf("reading the team's organization: %w", err)
	}
	return o, nil
}

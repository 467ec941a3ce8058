package litellm

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed servers.sql
var serversSQL string

//go:embed group_lists.sql
var groupListsSQL string

//go:embed claims.sql
var claimsSQL string

//go:embed access_teams.sql
var accessTeamsSQL string

//go:embed access_keys.sql
var accessKeysSQL string

//go:embed entitlements.sql
var entitlementsSQL string

// ReadRegistry reads all MCP servers and access groups.
func ReadRegistry(ctx context.Context, q postgres.Querier, names postgres.Names, c Catalog) (*Registry, error) {
	active := "true"
	if c.Has(serverTable, "approval_status") { // older versions load every server
		active = "(coalesce(approval_status, 'active') = 'active')"
	}
	rows, err := q.Query(ctx, names.SQL(serversSQL, "{active}", active))
	if err != nil {
		return nil, fmt.Errorf("reading MCP servers: %w", err)
	}
	servers, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Server])
	if err != nil {
		return nil, fmt.Errorf("reading MCP servers: %w", err)
	}
	if rows, err = q.Query(ctx, names.SQL(groupListsSQL)); err != nil {
		return nil, fmt.Errorf("reading access groups: %w", err)
	}
	groups, groupNames := map[string][]string{}, map[string]string{}
	var id, name string
	var list []string
	_, err = pgx.ForEachRow(rows, []any{&id, &name, &list}, func() error {
		groups[id], groupNames[id] = list, name
		list = nil
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading access groups: %w", err)
	}
	r := NewRegistry(servers, groups)
	r.groupNames = groupNames
	return r, nil
}

// ReadClaims reads the ids of the access groups that have a team on their own
// list, sorted by their bytes. What counts is the team's list: LiteLLM before
// v1.82 writes an assignment that is made at the group to the group alone
// (access_group_endpoints.py).
func ReadClaims(ctx context.Context, q postgres.Querier, names postgres.Names, team string) ([]string, error) {
	rows, err := q.Query(ctx, names.SQL(claimsSQL), team)
	if err != nil {
		return nil, fmt.Errorf("reading the access groups with the team on their list: %w", err)
	}
	groups, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("reading the access groups with the team on their list: %w", err)
	}
	return groups, nil
}

// TeamAccess is a team with all that it gives its keys.
type TeamAccess struct {
	ID, Alias string
	Blocked   bool
	// RowID is its object_permission_id, nil for none; RowExists is false for
	// a link that points at nothing.
	RowID     *string
	RowExists bool
	Entitlement
}

// ReadTeams reads the teams of these ids or aliases, sorted by the bytes of their
// ids.
func ReadTeams(ctx context.Context, q postgres.Querier, names postgres.Names, wanted []string) ([]TeamAccess, error) {
	return readTeams(ctx, q, names, wanted, true)
}

// ReadTeamsByID reads the teams of these ids, which an index finds, sorted
// likewise.
func ReadTeamsByID(ctx context.Context, q postgres.Querier, names postgres.Names, ids []string) ([]TeamAccess, error) {
	return readTeams(ctx, q, names, ids, false)
}

func readTeams(ctx context.Context, q postgres.Querier, names postgres.Names, wanted []string, aliases bool) ([]TeamAccess, error) {
	rows, err := q.Query(ctx, names.SQL(accessTeamsSQL, "{entitlements}", names.SQL(entitlementsSQL)), wanted, aliases)
	if err != nil {
		return nil, fmt.Errorf("reading teams: %w", err)
	}
	teams, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t TeamAccess, err error) {
		return t, row.Scan(&t.ID, &t.Alias, &t.Blocked, &t.RowID, &t.RowExists,
			&t.Servers, &t.TagGroups, &t.ToolServers, &t.Groups)
	})
	if err != nil {
		return nil, fmt.Errorf("reading teams: %w", err)
	}
	return teams, nil
}

// KeyAccess is a virtual key with all that decides about its servers, except
// what its team has: Key.Team is the zero value.
type KeyAccess struct {
	// Alias can be empty; Masked is LiteLLM's own key_name, "sk-...abcd".
	Alias, Masked string
	// Team is the key's team_id, "" for none. It may name no existing team.
	Team    string
	Blocked bool
	// Expires is nil for a key that does not, or at infinity. It is in the years
	// 1 to 9999, whatever the database has.
	Expires *time.Time
	RowID   *string
	Key
}

// Label is what a key is shown as: its alias, else LiteLLM's masked name. The
// token, even its hash, is neither read nor shown.
func (k KeyAccess) Label() string {
	switch {
	case k.Alias != "":
		return k.Alias
	case k.Masked != "":
		return k.Masked
	}
	return "(a key without a name)"
}

// EachKeyOfTeams calls f for the keys of the given teams, sorted by the bytes of
// their team's id.
func EachKeyOfTeams(ctx context.Context, q postgres.Querier, names postgres.Names, c Catalog, teams []string, f func(KeyAccess) error) error {
	return eachKey(ctx, q, names, c, f, teams, nil)
}

// ReadKeys reads the keys that go by a name: their alias, or LiteLLM's masked
// name. Neither is unique to the database.
func ReadKeys(ctx context.Context, q postgres.Querier, names postgres.Names, c Catalog, name string) ([]KeyAccess, error) {
	var keys []KeyAccess
	err := eachKey(ctx, q, names, c, func(k KeyAccess) error { keys = append(keys, k); return nil }, nil, &name)
	return keys, err
}

func eachKey(ctx context.Context, q postgres.Querier, names postgres.Names, c Catalog, f func(KeyAccess) error, teams []string, name *string) error {
	agents, agent := `{litellm}."LiteLLM_AgentsTable"`, "k.agent_id"
	if !c.Has(agentTable, "object_permission_id") { // before the migration 20260224203854
		agents = `(SELECT NULL::text AS agent_id, NULL::text AS object_permission_id)`
	}
	if !c.Has(keyTable, "agent_id") { // v1.81.12
		agent = "NULL"
	}
	rows, err := q.Query(ctx, names.SQL(accessKeysSQL,
		"{entitlements}", names.SQL(entitlementsSQL), "{agents}", names.SQL(agents), "{agent}", agent), teams, name)
	if err != nil {
		return fmt.Errorf("reading keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var k KeyAccess
		err := rows.Scan(&k.Alias, &k.Masked, &k.Team, &k.Blocked, &k.Expires, &k.RowID,
			&k.Own.Servers, &k.Own.TagGroups, &k.Own.ToolServers, &k.Own.Groups,
			&k.Agent.Servers, &k.Agent.TagGroups, &k.Agent.ToolServers,
			&k.User.Servers, &k.User.TagGroups, &k.User.ToolServers,
			&k.Organization.Servers, &k.Organization.TagGroups, &k.Organization.ToolServers)
		if err == nil {
			err = f(k)
		}
		if err != nil {
			return fmt.Errorf("reading keys: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading keys: %w", err)
	}
	return nil
}

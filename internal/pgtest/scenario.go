package pgtest

import (
	"crypto/rand"
	"testing"
)

// Group creates an access group that grants MCP servers.
func (d *Database) Group(tb testing.TB, id string, servers ...string) {
	tb.Helper()
	d.Exec(tb, `INSERT INTO {schema}."LiteLLM_AccessGroupTable" (access_group_id, access_group_name, access_mcp_server_ids)
		VALUES ($1, $2, $3)`, id, "name of "+id, list(servers))
}

// SetGroup changes what an access group grants.
func (d *Database) SetGroup(tb testing.TB, id string, servers ...string) {
	tb.Helper()
	d.change(tb, `UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = $2, updated_at = now()
		WHERE access_group_id = $1`, id, list(servers))
}

// DeleteGroup deletes an access group, and leaves its id in the teams that had it.
func (d *Database) DeleteGroup(tb testing.TB, id string) {
	tb.Helper()
	d.change(tb, `DELETE FROM {schema}."LiteLLM_AccessGroupTable" WHERE access_group_id = $1`, id)
}

// Team creates a team that has access groups but, as in LiteLLM issue #27657, no permission row.
func (d *Database) Team(tb testing.TB, id string, groups ...string) {
	tb.Helper()
	d.Exec(tb, `INSERT INTO {schema}."LiteLLM_TeamTable" (team_id, team_alias, models, admins, members, access_group_ids)
		VALUES ($1, $2, '{}', '{}', '{}', $3)`, id, "alias of "+id, list(groups))
}

// SetTeamGroups changes the access groups of a team.
func (d *Database) SetTeamGroups(tb testing.TB, id string, groups ...string) {
	tb.Helper()
	d.change(tb, `UPDATE {schema}."LiteLLM_TeamTable" SET access_group_ids = $2, updated_at = now() WHERE team_id = $1`, id, list(groups))
}

// DeleteTeam deletes a team, and leaves its permission row behind as LiteLLM does.
func (d *Database) DeleteTeam(tb testing.TB, id string) {
	tb.Helper()
	d.change(tb, `DELETE FROM {schema}."LiteLLM_TeamTable" WHERE team_id = $1`, id)
}

// Row creates a permission row that nobody owns yet.
func (d *Database) Row(tb testing.TB, id string, servers ...string) {
	tb.Helper()
	d.Exec(tb, `INSERT INTO {schema}."LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers) VALUES ($1, $2)`, id, list(servers))
}

// LinkTeam makes a permission row the team's; the empty row takes its row from the team.
func (d *Database) LinkTeam(tb testing.TB, team, row string) {
	tb.Helper()
	d.change(tb, `UPDATE {schema}."LiteLLM_TeamTable" SET object_permission_id = nullif($2, '') WHERE team_id = $1`, team, row)
}

// SetServers changes the MCP servers of a permission row.
func (d *Database) SetServers(tb testing.TB, row string, servers ...string) {
	tb.Helper()
	d.change(tb, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_servers = $2 WHERE object_permission_id = $1`, row, list(servers))
}

// Servers returns the MCP servers of a team's permission row as LiteLLM reads them: an array that is NULL is empty. It
// returns nil if the team has no row.
func (d *Database) Servers(tb testing.TB, team string) []string {
	tb.Helper()
	return Scalar[[]string](tb, d, `SELECT CASE WHEN p.object_permission_id IS NOT NULL THEN coalesce(p.mcp_servers, '{}') END
		FROM {schema}."LiteLLM_TeamTable" t LEFT JOIN {schema}."LiteLLM_ObjectPermissionTable" p USING (object_permission_id)
		WHERE t.team_id = $1`, team)
}

// RowID returns the id of a team's permission row, empty if it has none.
func (d *Database) RowID(tb testing.TB, team string) string {
	tb.Helper()
	return Scalar[string](tb, d, `SELECT coalesce(object_permission_id, '') FROM {schema}."LiteLLM_TeamTable" WHERE team_id = $1`, team)
}

// Key creates a virtual key of a team; the empty team makes one that belongs to none.
func (d *Database) Key(tb testing.TB, token, team string) {
	tb.Helper()
	d.Exec(tb, `INSERT INTO {schema}."LiteLLM_VerificationToken" (token, key_alias, models, team_id) VALUES ($1, $2, '{}', nullif($3, ''))`,
		token, "alias of "+token, team)
}

// Server creates an MCP server. Servers of LiteLLM's config file are not in its table, so groups may name others too.
func (d *Database) Server(tb testing.TB, id, name string) {
	tb.Helper()
	d.Exec(tb, `INSERT INTO {schema}."LiteLLM_MCPServerTable" (server_id, server_name, alias, url, transport)
		VALUES ($1, $2, $2, 'http://' || $2 || '.example/mcp', 'http')`, id, name)
}

// OwnerTables names the tables that refer to permission rows in a version.
func OwnerTables(v Version) []string {
	tables := []string{"LiteLLM_TeamTable", "LiteLLM_VerificationToken", "LiteLLM_OrganizationTable", "LiteLLM_UserTable"}
	if v == V1_81_12 {
		return tables
	}
	return append(tables, "LiteLLM_ProjectTable", "LiteLLM_EndUserTable", "LiteLLM_AgentsTable")
}

// Own creates a new owner of a permission row in one of OwnerTables, and returns the owner's id.
func (d *Database) Own(tb testing.TB, table, row string) string {
	tb.Helper()
	columns, values := "", "" // beside the two that every owner has, what may not be NULL
	id := "owner-" + rand.Text()
	switch table {
	case "LiteLLM_TeamTable":
		columns = "team_id"
	case "LiteLLM_VerificationToken":
		columns = "token"
	case "LiteLLM_UserTable", "LiteLLM_EndUserTable":
		columns = "user_id"
	case "LiteLLM_OrganizationTable":
		columns, values = "organization_id, organization_alias, budget_id, created_by, updated_by", ", $1, 'budget', 'admin', 'admin'"
	case "LiteLLM_ProjectTable":
		columns, values = "project_id, created_by, updated_by", ", 'admin', 'admin'"
	case "LiteLLM_AgentsTable":
		columns, values = "agent_id, agent_name, agent_card_params, created_by, updated_by", ", $1, '{}', 'admin', 'admin'"
	default:
		tb.Fatalf("%s owns no permission rows", table)
	}
	d.Exec(tb, `INSERT INTO {schema}.`+quote(table)+` (object_permission_id, `+columns+`) VALUES ($2, $1`+values+`)`, id, row)
	return id
}

// change executes a statement that must hit exactly one row, so that a mistyped id does not pass for a change.
func (d *Database) change(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	tag, err := d.Pool.Exec(tb.Context(), inSchema(sql, d.Schema), args...)
	if err != nil {
		tb.Fatalf("%v, executing %s", err, sql)
	}
	if tag.RowsAffected() != 1 {
		tb.Fatalf("%d rows affected, executing %s with %v", tag.RowsAffected(), sql, args)
	}
}

// list makes no arguments an empty array: pgx writes a nil slice as NULL.
func list(items []string) []string {
	return append([]string{}, items...)
}

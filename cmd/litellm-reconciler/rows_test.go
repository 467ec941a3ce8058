package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
)

// One pass over every kind of row that needs care.
func TestRowsThatNeedCare(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Newest)
	db.Group(t, "general", "github", "jira")
	db.Group(t, "none")
	db.Exec(t, `UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = NULL WHERE access_group_id = 'none'`)
	team := func(id, servers string, groups ...string) {
		db.Team(t, id, groups...)
		db.Row(t, "row of "+id)
		db.LinkTeam(t, id, "row of "+id)
		db.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_servers = $1::text::text[]
			WHERE object_permission_id = $2`, servers, "row of "+id)
	}
	want := map[string][]string{}
	for _, table := range pgtest.OwnerTables(pgtest.Newest) {
		team(table, "{own}", "general")
		db.Own(t, table, "row of "+table)
		want[table] = []string{"own", "github", "jira"}
	}
	team("sentinel", "{all-proxy-mcpservers}", "general")
	want["sentinel"] = []string{"all-proxy-mcpservers"}
	team("name and duplicate", "{A Name,A Name,jira}", "general")
	want["name and duplicate"] = []string{"A Name", "A Name", "jira", "github"}
	team("NULL element", "{own,NULL}", "general", "nowhere")
	want["NULL element"] = []string{"own", "github", "jira"}
	team("NULL grants", "{own}", "none")
	want["NULL grants"] = []string{"own"}
	team("NULL groups", "{own}")
	db.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET access_group_ids = NULL WHERE team_id = 'NULL groups'`)
	want["NULL groups"] = []string{"own"}
	team("NULL row", "{}", "general")
	db.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_servers = NULL WHERE object_permission_id = 'row of NULL row'`)
	want["NULL row"] = []string{"github", "jira"}

	s := once(t, db, 0, "-o", "json").summary(t)
	if s.Drifted["shared_row"] != 7 || s.Skipped["sentinel"] != 1 || s.Dangling != 1 {
		t.Errorf("shared rows %d, want 7; sentinels %d, want 1; dangling %d, want 1",
			s.Drifted["shared_row"], s.Skipped["sentinel"], s.Dangling)
	}
	for id, servers := range want {
		if diff := cmp.Diff(servers, db.Servers(t, id)); diff != "" {
			t.Errorf("team %s: %s", id, diff)
		}
	}
	for _, table := range pgtest.OwnerTables(pgtest.Newest) {
		row := "row of " + table
		if got := db.RowID(t, table); got == row {
			t.Errorf("the team still shares its row with %s", table)
		}
		got := pgtest.Scalar[[]string](t, db, `SELECT mcp_servers FROM {schema}."LiteLLM_ObjectPermissionTable"
			WHERE object_permission_id = $1`, row)
		if diff := cmp.Diff([]string{"own"}, got); diff != "" {
			t.Errorf("the row that %s points at: %s", table, diff)
		}
	}
	before := db.Fingerprint(t)
	wantTexts(t, once(t, db, 0).stdout, "In sync")
	if db.Fingerprint(t) != before {
		t.Error("a second pass wrote something")
	}
}

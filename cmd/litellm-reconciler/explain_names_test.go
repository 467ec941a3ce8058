package main

import (
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// evil clears a terminal's line, and goes on to another one.
const evil = "\x1b[2K\r\n;"

// Every name that the database has is evil here.
func TestNamesDoNotMoveTheCursor(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	server, group, team, row, tag := "server"+evil, "group"+evil, "team"+evil, "row"+evil, "tag"+evil
	db.Server(t, server, "name of server"+evil)
	db.Exec(t, `UPDATE {schema}."LiteLLM_MCPServerTable" SET mcp_access_groups = ARRAY[$1]`, tag)
	db.Group(t, group, server, "other"+evil)
	db.Team(t, team, group, "gone"+evil)
	db.Team(t, "namesake"+evil, group)
	db.Row(t, row, "name of server"+evil, "direct"+evil)
	db.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_access_groups = ARRAY[$1], mcp_tool_permissions = jsonb_build_object($2::text, '[]'::jsonb)`,
		tag, "name of server"+evil)
	db.LinkTeam(t, team, row)
	db.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET organization_id = $1`, db.Own(t, "LiteLLM_OrganizationTable", row))
	db.Exec(t, `INSERT INTO {schema}."LiteLLM_VerificationToken" (token, key_alias, key_name, team_id, object_permission_id, access_group_ids) VALUES
		('1', $1, $2, $3, $4, ARRAY[$5]), ('2', $6, NULL, $7, NULL, NULL), ('3', $8, $9, $3, NULL, NULL), ('4', $8, $9, $7, NULL, NULL)`,
		"key"+evil, "sk-..."+evil, team, row, group, "lost"+evil, "no team"+evil, "twin"+evil, "mask"+evil)
	once(t, db, 0)
	db.SetTeamGroups(t, team, "gone"+evil)

	look := func(code int, args ...string) {
		t.Helper()
		r := run(t, of(db), append([]string{"explain"}, args...)...).wantCode(t, code)
		for _, line := range strings.SplitAfter(r.stdout+r.stderr, "\n") {
			if strings.ContainsAny(line, "\x1b\r") || strings.HasPrefix(line, ";") {
				t.Errorf("%q: the terminal is told %q", args, line)
			}
		}
	}
	for range 2 {
		for _, subject := range []string{"team:" + team, "key:key" + evil, "key:lost" + evil} {
			look(0, subject)
			look(0, subject, server)
		}
		look(1, "team:"+team, "serve")
		look(1, "key:twin"+evil)
		look(1, "team")
		once(t, db, 0) // which takes out what no group grants any more
	}
}

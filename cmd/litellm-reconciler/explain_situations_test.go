package main

import (
	"encoding/json"
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// Each starts from the team "a" that group "dev" gave github, "wiki" stands in
// its row directly, and its key "own" has github and jira.
func TestExplainSituations(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*testing.T, *pgtest.Database)
		args   []string
		texts  []string
	}{
		"a direct entry": {
			args: []string{"a", "wiki"},
			texts: []string{"May keys of team a (alias of a) without a list of their own use wiki? Before v1.88: yes. From v1.88: yes.",
				"names it: direct, granted by an administrator", "is not in LiteLLM's server table (config file?)"},
		},
		"a key with a list, within its team": {args: []string{"own", "github"},
			texts: []string{"Before v1.88: yes. From v1.88: yes.", "has a list of its own", "the lists of key and team both name it"}},
		"a key with a list, beyond its team": {args: []string{"own", "jira"},
			texts: []string{"Before v1.88: no. From v1.88: no.", "the key's list names it, the team's does not: LiteLLM intersects the two", "attach an access group"}},
		"a key with a list, less than its team": {args: []string{"own", "wiki"},
			texts: []string{"Before v1.88: no. From v1.88: no.", "the key has a list of its own that does not name it: LiteLLM intersects the two", "add it to the key's own list, or empty that list"}},
		"a team whose ceiling went": {
			change: func(t *testing.T, db *pgtest.Database) {
				db.SetServers(t, db.RowID(t, "a"), "github")
				db.SetTeamGroups(t, "a")
				once(t, db, 0)
			},
			args:  []string{"own", "jira"},
			texts: []string{"Before v1.88: yes. From v1.88: yes.", "names nothing, and an empty list does not restrict", "an empty list of the team does not restrict"},
		},
		"a ceiling about to come": {
			change: func(t *testing.T, db *pgtest.Database) { db.SetServers(t, db.RowID(t, "a")) },
			args:   []string{"a"},
			texts:  []string{"names nothing, which does not restrict keys", "the row then limits keys with a list of their own"},
		},
		"a server that somebody removed": {
			change: func(t *testing.T, db *pgtest.Database) { db.SetServers(t, db.RowID(t, "a"), "wiki") },
			args:   []string{"a", "github"},
			texts:  []string{"Before v1.88: no. From v1.88: yes.", "does not name it", "the row lacks it: a pass would add it", "run litellm-reconciler --once"},
		},
		"a server that LiteLLM wrote back after a revoke": {
			change: func(t *testing.T, db *pgtest.Database) {
				db.SetTeamGroups(t, "a")
				once(t, db, 0)
				db.SetServers(t, "row of a", "wiki", "github")
			},
			args: []string{"a", "github"},
			texts: []string{"Before v1.88: yes. From v1.88: yes.", "names it: written back after it was taken out", "a pass would take it out once more",
				"taken out of the row 20", "still reachable through the row, where it is back"},
		},
		"a server of the config file that was revoked": {
			change: func(t *testing.T, db *pgtest.Database) {
				db.SetGroup(t, "dev", "github", "configured")
				once(t, db, 0)
				db.SetGroup(t, "dev", "github")
				once(t, db, 0)
			},
			args:  []string{"a", "configured"},
			texts: []string{"Before v1.88: no. From v1.88: no.", "taken out of the row 20", "nothing else names it", "is not in LiteLLM's server table"},
		},
		"a list that does not suffice after a revoke": {
			change: func(t *testing.T, db *pgtest.Database) {
				db.SetTeamGroups(t, "a")
				once(t, db, 0)
			},
			args:  []string{"own", "github"},
			texts: []string{"Before v1.88: no. From v1.88: no.", "still named by the key's own list, which does not suffice", "the key's list names it, the team's does not"},
		},
		"another row than the one that was repaired": {
			change: func(t *testing.T, db *pgtest.Database) {
				db.Row(t, "other row", "github")
				db.LinkTeam(t, "a", "other row")
			},
			args:  []string{"a", "github"},
			texts: []string{"names it: direct, granted by an administrator"},
		},
		"a team that passes leave out": {
			change: func(t *testing.T, db *pgtest.Database) { db.SetServers(t, db.RowID(t, "a"), "wiki") },
			args:   []string{"a", "github", "--teams-exclude=alias of a"},
			texts:  []string{"the row lacks it, and passes leave this team out", "passes leave this team out (teams.exclude)"},
		},
		"policy exact": {args: []string{"a", "--policy=exact"}, texts: []string{"no access group grants wiki: a pass would take it out", "direct; excess: a pass would take it out"}},
		"all servers": {
			change: func(t *testing.T, db *pgtest.Database) { db.SetServers(t, db.RowID(t, "a"), "all-proxy-mcpservers") },
			args:   []string{"a"},
			texts: []string{"the row holds all-proxy-mcpservers and is left alone", "github (gh)  no            yes         direct (as all-proxy-mcpservers)",
				"jira         no            yes         direct (as all-proxy-mcpservers)"},
		},
		"no servers": {
			change: func(t *testing.T, db *pgtest.Database) {
				db.SetServers(t, "row of key own", "github", "no-mcp-servers")
			},
			args: []string{"own"},
			texts: []string{"holds no-mcp-servers, which keeps it from every server (proxies before v1.87.5 take it for an id)",
				"mcp_servers: github, no-mcp-servers", "github (gh)  yes           no "},
		},
		"no servers, and one of them": {
			change: func(t *testing.T, db *pgtest.Database) {
				db.SetServers(t, "row of key own", "github", "no-mcp-servers")
			},
			args: []string{"own", "github"},
			texts: []string{"Before v1.88: yes. From v1.88: no.", "the lists of key and team both name it; proxies before v1.87.5 take no-mcp-servers for an id, later ones keep",
				"no: no-mcp-servers keeps the key from every server", "what to do        take no-mcp-servers out of the key's list\n"},
		},
		"all servers, one of them": {
			change: func(t *testing.T, db *pgtest.Database) { db.SetServers(t, db.RowID(t, "a"), "all-proxy-mcpservers") },
			args:   []string{"a", "jira"},
			texts:  []string{"Before v1.88: no. From v1.88: yes.", "yes: the team has it by its permission row; proxies before v1.92 take all-proxy-mcpservers for an id"},
		},
		"a row that a key shares": {
			change: func(t *testing.T, db *pgtest.Database) {
				db.Exec(t, `UPDATE {schema}."LiteLLM_VerificationToken" SET object_permission_id = $1, team_id = NULL`, db.RowID(t, "a"))
			},
			args:  []string{"own"},
			texts: []string{"team              none", "mcp_servers: wiki, github", "github (gh)  yes           yes         own list", "wiki         yes           yes         own list"},
		},
		"a group of the key": {
			change: executed(`UPDATE {schema}."LiteLLM_VerificationToken" SET access_group_ids = '{ops,gone}'`),
			args:   []string{"own"},
			texts:  []string{"ops (name of ops): counts from v1.88 on, whatever the team has: grafana", "gone, which does not exist", "grafana      no            yes"},
		},
		"an organization": {
			change: func(t *testing.T, db *pgtest.Database) {
				db.Row(t, "limit", "wiki")
				db.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET organization_id = $1`, db.Own(t, "LiteLLM_OrganizationTable", "limit"))
			},
			args:  []string{"own", "github"},
			texts: []string{"Before v1.88: no. From v1.88: no.", "organization      limits to wiki", "the organization has a list that does not name it; proxies before v1.84 do not ask for an organization's list (LiteLLM #26960)", "add it to the organization's list"},
		},
		"keys that need a list": {
			args:  []string{"a", "github", "--litellm-require-key-mcp-access-defined"},
			texts: []string{"Before v1.88: no. From v1.88: no.", "keys without a list of their own have nothing (require_key_mcp_access_defined)"},
		},
		"a blocked and expired key": {
			change: executed(`UPDATE {schema}."LiteLLM_VerificationToken" SET blocked = true, expires = '2020-02-02'`),
			args:   []string{"own", "github"},
			texts:  []string{"Before v1.88: no. From v1.88: no.", "2020-02-02 00:00:00 UTC: LiteLLM refuses the key", "the key is blocked; the key has expired", "unblock the key"},
		},
		"a key that never expires": {
			change: executed(`UPDATE {schema}."LiteLLM_VerificationToken" SET expires = 'infinity'`),
			args:   []string{"own", "github"},
			texts:  []string{"Before v1.88: yes. From v1.88: yes."},
		},
		"a key that expired long ago, in JSON": {
			change: executed(`UPDATE {schema}."LiteLLM_VerificationToken" SET expires = '0044-03-15 BC'`),
			args:   []string{"own", "github", "-o", "json"},
			texts:  []string{`"expired": true`, `"0001-01-01T00:00:00Z"`},
		},
		"blank and repeated entries": {
			change: func(t *testing.T, db *pgtest.Database) {
				db.SetServers(t, "row of key own", "s1", "s1", "", "  ", "s2", "s1")
			},
			args:  []string{"own"},
			texts: []string{`mcp_servers: s1 (3 times), "", "  ", s2` + "\n"},
		},
		"a blocked team": {
			change: executed(`UPDATE {schema}."LiteLLM_TeamTable" SET blocked = true`),
			args:   []string{"own", "github"},
			texts:  []string{"Before v1.88: no. From v1.88: no.", "LiteLLM refuses the team's keys", "no: the team is blocked\n"},
		},
		"a team that is gone": {
			change: func(t *testing.T, db *pgtest.Database) { db.DeleteTeam(t, "a") },
			args:   []string{"own", "github"},
			texts:  []string{"Before v1.88: yes. From v1.88: yes.", "a, which does not exist: taken here for no team", "the key's own list names it\n"},
		},
		"a key of LiteLLM's own UI": {
			change: executed(`UPDATE {schema}."LiteLLM_VerificationToken" SET team_id = 'litellm-dashboard'`),
			args:   []string{"own"},
			texts:  []string{"team              litellm-dashboard, which LiteLLM gives the keys of its own UI", "mcp_servers: github, jira"},
		},
		"a server that is not approved": {
			change: executed(`UPDATE {schema}."LiteLLM_MCPServerTable" SET approval_status = 'pending_review'`),
			args:   []string{"own", "github"},
			texts:  []string{"Before v1.88: no. From v1.88: no.", "waits for approval, or was rejected: proxies do not load it", "approve the server"},
		},
		"an entry by name": {
			change: func(t *testing.T, db *pgtest.Database) { db.SetServers(t, db.RowID(t, "a"), "gh") },
			args:   []string{"a", "github"},
			texts:  []string{"Before v1.88: yes. From v1.88: yes.", "names it (as gh): direct"},
		},
		"a row that does not exist": {
			change: func(t *testing.T, db *pgtest.Database) {
				db.Exec(t, `ALTER TABLE {schema}."LiteLLM_TeamTable" DROP CONSTRAINT "LiteLLM_TeamTable_object_permission_id_fkey"`)
				db.LinkTeam(t, "a", "nowhere")
			},
			args:  []string{"a"},
			texts: []string{"nowhere, which does not exist", "the row lacks github"},
		},
		// LiteLLM before v1.82, where teams are assigned to a group.
		"a team that the group lists, and not the other way round": {
			change: executed(`UPDATE {schema}."LiteLLM_AccessGroupTable" SET assigned_team_ids = '{b,a}' WHERE access_group_id = 'ops'`),
			args:   []string{"a", "grafana"},
			texts: []string{"Before v1.88: no. From v1.88: no.", "mismatched        access group ops (name of ops) has the team on its list",
				"the team does not have the group, which is what counts", "give the team the access group ops (name of ops), with the others it has"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			db.Server(t, "github", "gh")
			db.Server(t, "jira", "jira")
			db.Group(t, "dev", "github")
			db.Group(t, "ops", "grafana")
			db.Team(t, "a", "dev")
			db.Row(t, "row of a", "wiki")
			db.LinkTeam(t, "a", "row of a")
			key(t, db, "own", "a", "github", "jira")
			once(t, db, 0)
			if test.change != nil {
				test.change(t, db)
			}
			wantTexts(t, explained(t, db, test.args...), test.texts...)
		})
	}
}

func TestExplainCallsNoGroupMismatchedThatTheTeamHas(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	for _, group := range []string{"dev", "ops", "hr"} {
		db.Group(t, group, group+"'s server")
	}
	db.Team(t, "a", "dev")
	db.Exec(t, `UPDATE {schema}."LiteLLM_AccessGroupTable" SET assigned_team_ids = '{b,a}' WHERE access_group_id <> 'hr'`)
	var report struct {
		Team struct {
			Mismatched []struct{ ID string } `json:"mismatched_access_groups"`
		}
	}
	if err := json.Unmarshal([]byte(explained(t, db, "a", "-o", "json")), &report); err != nil {
		t.Fatal(err)
	}
	if got := report.Team.Mismatched; len(got) != 1 || got[0].ID != "ops" {
		t.Errorf("mismatched are %v, want ops", got)
	}
}

func executed(sql string) func(*testing.T, *pgtest.Database) {
	return func(t *testing.T, db *pgtest.Database) {
		t.Helper()
		db.Exec(t, sql)
	}
}

func TestExplainAdvisesNothingWhereNothingIsWrong(t *testing.T) {
	t.Parallel()
	db := issue(t, pgtest.V1_88)
	key(t, db, "own", "users-local", "e7a5b6cb")
	text := explained(t, db, "own", "github")
	wantTexts(t, text, "May key own use e7a5b6cb (github)? Before v1.88: yes. From v1.88: yes.", "a pass would add it")
	if strings.Contains(text, "what to do") {
		t.Errorf("advice is given: %s", text)
	}
}

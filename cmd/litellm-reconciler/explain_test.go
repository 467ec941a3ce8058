package main

import (
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// explained runs explain and wants its text.
func explained(t *testing.T, db *pgtest.Database, args ...string) string {
	t.Helper()
	r := run(t, of(db), append([]string{"explain"}, args...)...).wantCode(t, 0)
	if r.stderr != "" {
		t.Errorf("standard error: %s", r.stderr)
	}
	return r.stdout
}

// issue makes the team of LiteLLM issue #27657 with a key ci, "sk-...wxyz".
func issue(t *testing.T, version pgtest.Version) *pgtest.Database {
	t.Helper()
	db := pgtest.New(t, version)
	db.Server(t, "e7a5b6cb", "github")
	db.Group(t, "local", "e7a5b6cb")
	db.Team(t, "users-local", "local")
	key(t, db, "ci", "users-local")
	return db
}

// key makes a virtual key of a team, with a list of its own where servers are
// given.
func key(t *testing.T, db *pgtest.Database, alias, team string, servers ...string) {
	t.Helper()
	var row *string
	if len(servers) > 0 {
		name := "row of key " + alias
		row = &name
		db.Row(t, name, servers...)
	}
	db.Exec(t, `INSERT INTO {schema}."LiteLLM_VerificationToken" (token, key_alias, key_name, models, team_id, object_permission_id)
		VALUES ('secret hash of ' || $1, $1, 'sk-...wxyz', '{}', nullif($2, ''), $3)`, alias, team, row)
}

const (
	ciMay    = "May key ci use e7a5b6cb (github)? Before v1.88: yes. From v1.88: yes.\n"
	ciMayNot = "May key ci use e7a5b6cb (github)? Before v1.88: no. From v1.88: "
)

func TestExplainFollowsTheTeamOfTheIssueOnEveryVersionOfLiteLLM(t *testing.T) {
	t.Parallel()
	for _, version := range pgtest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			db := issue(t, version)
			before := db.Fingerprint(t)
			wantTexts(t, explained(t, db, "ci", "github"), ciMayNot+"yes.\n", "no list of its own", "users-local (alias of users-local)",
				"local (name of local) of the team lists it", "the team has none", "no permission row names it; these proxies do not ask access groups (LiteLLM issue 27657)",
				"run litellm-reconciler --once", "Proxies cache: ")
			wantTexts(t, explained(t, db, "users-local"), "not installed: nothing is known to be granted by litellm-reconciler",
				"the row lacks e7a5b6cb: a pass would add it", "the row then limits keys with a list of their own",
				"e7a5b6cb (github)  no            yes         missing: a pass would add it  local (name of local)")
			if db.Fingerprint(t) != before || hasLedger(t, db) {
				t.Error("something was written")
			}

			once(t, db, 0)
			before = db.Fingerprint(t)
			run1 := pgtest.Scalar[string](t, db, `SELECT run_id::text FROM litellm_reconciler.runs`)
			wantTexts(t, explained(t, db, "sk-...wxyz", "e7a5b6cb"), ciMay, "owned, granted 20", " UTC by run "+run1+" for access group local",
				"yes: the team has it by its permission row, and the key has no list of its own",
				"yes: the team has it by its permission row, access groups, and the key has no list of its own")
			wantTexts(t, explained(t, db, "ci"), "Key ci (sk-...wxyz)", "none, so it has what its team has", "drift             none",
				"yes           yes         owned since 20", ", run "+run1[:13]+"  local (name of local)\n")
			if db.Fingerprint(t) != before {
				t.Error("something was written")
			}

			db.SetTeamGroups(t, "users-local")
			wantTexts(t, explained(t, db, "ci", "github"), ciMay, "no access group grants it: a pass would take it out of the row", "to keep it, attach an access group")
			once(t, db, 0)
			run2 := pgtest.Scalar[string](t, db, `SELECT run_id::text FROM litellm_reconciler.runs WHERE run_id::text <> $1`, run1)
			wantTexts(t, explained(t, db, "ci", "github"), ciMayNot+"no.\n", "taken out of the row 20", " by run "+run2, "nothing else names it",
				"neither permission rows nor access groups name it", "attach an access group that lists it to the team")
			wantTexts(t, explained(t, db, "ci"), "e7a5b6cb (github)  no            no          taken out 20", ", run "+run2[:13])
		})
	}
}

// What still grants a server after its group was detached and the row repaired.
func TestExplainSaysWhatIsStillReachableAfterARevoke(t *testing.T) {
	t.Parallel()
	db := issue(t, pgtest.V1_83_14)
	once(t, db, 0)
	db.SetTeamGroups(t, "users-local")
	once(t, db, 0)
	db.Exec(t, `UPDATE {schema}."LiteLLM_MCPServerTable" SET mcp_access_groups = '{prod}'`)
	row := db.RowID(t, "users-local")
	db.Row(t, "row of ci")
	db.Exec(t, `UPDATE {schema}."LiteLLM_VerificationToken" SET object_permission_id = 'row of ci'`)
	for name, test := range map[string]struct {
		set, row string
		still    string
	}{
		"tool permissions of the team": {`mcp_tool_permissions = '{"github": ["push"]}'`, row, "mcp_tool_permissions of the team"},
		"tool permissions of the key":  {`mcp_tool_permissions = '{"e7a5b6cb": []}'`, "row of ci", "mcp_tool_permissions of the key"},
		"a tag group of the team":      {`mcp_access_groups = '{prod}'`, row, "legacy tag group prod of the team"},
		"a tag group of the key":       {`mcp_access_groups = '{prod}'`, "row of ci", "legacy tag group prod of the key"},
	} {
		db.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET `+test.set+` WHERE object_permission_id = $1`, test.row)
		text := explained(t, db, "ci", "github")
		wantTexts(t, text, ciMay, "taken out of the row 20", "still reachable through "+test.still+"\n")
		if t.Failed() {
			t.Fatal(name)
		}
		db.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_access_groups = '{}', mcp_tool_permissions = NULL`)
	}
	db.Exec(t, `UPDATE {schema}."LiteLLM_VerificationToken" SET access_group_ids = '{local}'`)
	wantTexts(t, explained(t, db, "ci", "github"), ciMayNot+"yes.\n", "still reachable, from v1.88 only, through access group local (name of local) of the key\n",
		"an access group of the key lists it, whatever the team has")
	db.Exec(t, `UPDATE {schema}."LiteLLM_MCPServerTable" SET allow_all_keys = true`)
	wantTexts(t, explained(t, db, "ci", "github"), ciMay, "allow_all_keys of the server\n", "yes: it is open to all keys")
}

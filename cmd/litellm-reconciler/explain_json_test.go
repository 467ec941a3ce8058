package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
)

// The names of the JSON form are what others rely on.
func TestExplainInJSON(t *testing.T) {
	t.Parallel()
	db := issue(t, pgtest.Newest)
	once(t, db, 0)
	db.SetTeamGroups(t, "users-local", "local", "gone", "local")
	db.SetServers(t, db.RowID(t, "users-local"), "by hand", "e7a5b6cb")
	text := run(t, of(db), "explain", "ci", "-o", "json").wantCode(t, 0).stdout
	text = strings.ReplaceAll(text, db.RowID(t, "users-local"), "ROW")
	text = strings.ReplaceAll(text, pgtest.Scalar[string](t, db, `SELECT run_id::text FROM litellm_reconciler.runs`), "RUN")
	text = regexp.MustCompile(`"20\d\d-\d\d-\d\dT[0-9:.]+Z"`).ReplaceAllString(text, `"TIME"`)
	decode := func(text string) (v map[string]any) {
		t.Helper()
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return v
	}

	if diff := cmp.Diff(decode(explainedJSON), decode(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	alone := decode(run(t, of(db), "explain", "ci", "github", "-o", "json").wantCode(t, 0).stdout)
	servers, _ := alone["servers"].([]any)
	if len(servers) != 1 {
		t.Errorf("one server is asked for, and %d are explained", len(servers))
	}
	whole := decode(run(t, of(db), "explain", "team:users-local", "-o", "json").wantCode(t, 0).stdout)
	if whole["kind"] != "team" || whole["key"] != nil {
		t.Errorf("a team is of kind %v, with key %v", whole["kind"], whole["key"])
	}
}

const explainedJSON = `{
	"kind": "key",
	"key": {
		"alias": "ci", "key_name": "sk-...wxyz", "team_id": "users-local",
		"blocked": false, "expired": false, "opted_out": false,
		"own": {"mcp_servers": [], "mcp_access_groups": [], "mcp_tool_permissions": []},
		"access_groups": []
	},
	"team": {
		"id": "users-local", "alias": "alias of users-local", "blocked": false,
		"object_permission_id": "ROW", "row_exists": true,
		"row": {"mcp_servers": ["by hand", "e7a5b6cb"], "mcp_access_groups": [], "mcp_tool_permissions": []},
		"access_groups": [
			{"id": "local", "name": "name of local", "dangling": false, "servers": ["e7a5b6cb"]},
			{"id": "gone", "name": "", "dangling": true, "servers": []}
		],
		"mismatched_access_groups": [],
		"drift": {
			"missing_servers": [], "excess_servers": [], "sentinel": false,
			"ceiling_created": false, "ceiling_removed": false
		}
	},
	"ledger": true,
	"policy": "managed",
	"require_key_mcp_access_defined": false,
	"servers": [
		{
			"id": "by hand", "server_name": "", "alias": "", "in_table": false, "loaded": true, "allow_all_keys": false,
			"named_by": [{"of": "team", "place": "mcp_servers", "entry": "by hand", "owned": false}],
			"missing": false, "excess": false,
			"before_v1_88": {"allowed": true, "because": ["team"]},
			"from_v1_88": {"allowed": true, "because": ["team"]}
		},
		{
			"id": "e7a5b6cb", "server_name": "github", "alias": "github", "in_table": true, "loaded": true, "allow_all_keys": false,
			"named_by": [
				{
					"of": "team", "place": "mcp_servers", "entry": "e7a5b6cb", "owned": true,
					"granted": {"at": "TIME", "run": "RUN", "entry": "e7a5b6cb", "access_groups": ["local"]}
				},
				{"of": "team", "place": "access_group", "entry": "e7a5b6cb", "group": "local", "group_name": "name of local", "owned": false}
			],
			"missing": false, "excess": false,
			"before_v1_88": {"allowed": true, "because": ["team"]},
			"from_v1_88": {"allowed": true, "because": ["team"]}
		}
	]
}`

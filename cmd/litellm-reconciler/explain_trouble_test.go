package main

import (
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

func TestExplainAnswersUnclearNamesWithCandidates(t *testing.T) {
	t.Parallel()
	db := issue(t, pgtest.V1_83_14)
	db.Team(t, "ci")
	db.Server(t, "second", "github")
	for args, texts := range map[string][]string{
		"ci":                    {`explain: "ci" is ambiguous, say which: team:ci (alias of ci), key:ci (sk-...wxyz, of team users-local)`},
		"users-locl":            {`explain: no team or key goes by "users-locl": did you mean team:users-local (alias of users-local)?`},
		"key:nobody":            {`explain: no key goes by "nobody"`},
		"key:ci|github":         {`2 servers go by "github", say which: e7a5b6cb (github), second (github)`},
		"key:ci|gthub":          {`no MCP server goes by "gthub", and no list names it: did you mean `, "e7a5b6cb (github)"},
		"key:ci|no-mcp-servers": {"no-mcp-servers is no server"},
	} {
		r := run(t, of(db), append([]string{"explain"}, strings.Split(args, "|")...)...).wantCode(t, 1)
		wantTexts(t, r.complaint(t), texts...)
		if r.stdout != "" {
			t.Errorf("%s: standard output: %s", args, r.stdout)
		}
	}
}

func TestExplainNeverRepeatsAKey(t *testing.T) {
	t.Parallel()
	db := issue(t, pgtest.V1_83_14)
	hash := strings.Repeat("0c1de7ab", 8)
	for _, args := range [][]string{
		{"sk-0c1de7ab"}, {"key:sk-0c1de7ab"}, {"team:sk-0c1de7ab"}, {"Bearer sk-0c1de7ab"}, {hash}, {"key:ci", "sk-0c1de7ab"}, {"sk-0c1de7ab", "github"},
		{"sk-0c1de7ab", "-o", "json"}, {"SK-0C1DE7AB"}, {`"sk-0c1de7ab"`}, {"Authorization: Bearer sk-0c1de7ab"}, {"key:ci", "'sk-0c1de7ab'"},
		{"key:ci", "postgresql://litellm:0c1de7ab@db/litellm"},
	} {
		r := run(t, of(db), append([]string{"explain"}, args...)...).wantCode(t, 1)
		wantTexts(t, r.complaint(t), "looks like a key", "not repeated", "give the key's alias", "sk-...abcd")
		if strings.Contains(strings.ToLower(r.stdout+r.stderr), "0c1de7ab") {
			t.Errorf("%v: the key is shown: %s%s", args, r.stdout, r.stderr)
		}
	}
	for _, args := range [][]string{{"ci"}, {"ci", "github"}, {"ci", "-o", "json"}, {"users-local", "-o", "json"}} {
		if text := explained(t, db, args...); strings.Contains(text, "secret hash") {
			t.Errorf("%v: the token's hash is shown: %s", args, text)
		}
	}
}

func TestExplainUsedWronglySaysHow(t *testing.T) {
	t.Parallel()
	away := env{"DATABASE_URL": "postgresql://who:hunter2@127.0.0.1:1/litellm"}
	for args, text := range map[string]string{
		"explain":                     "explain TEAM|KEY [SERVER]",
		"explain|a|b|sk-secret":       "quote names with spaces",
		"explain|":                    "an empty name",
		"explain|a|":                  "an empty name",
		"explain|a|-o|yaml":           "text or json",
		"explain|a|--policy|total":    `policy is "total"`,
		"explain|a|--ledger-schema|A": "ledger.schema",
	} {
		r := run(t, away, strings.Split(args, "|")...).wantCode(t, 64)
		wantTexts(t, r.complaint(t), text)
		if strings.Contains(r.stderr, "secret") || r.stdout != "" {
			t.Errorf("%s: %s%s", args, r.stdout, r.stderr)
		}
	}
	wantTexts(t, run(t, away, "explain", "a").wantCode(t, 1).complaint(t), "explain: cannot reach Postgres at 127.0.0.1:1")
	wantTexts(t, run(t, of(pgtest.Empty(t)), "explain", "a").wantCode(t, 1).complaint(t), "explain: ", "has no LiteLLM tables")
}

// The role may do nothing at first, and then just what the program asked for.
func TestExplainNamesTheRightsItNeedsAndNoOthers(t *testing.T) {
	t.Parallel()
	for _, version := range pgtest.Versions() {
		for _, installed := range []bool{false, true} {
			name := map[bool]string{false: " without a ledger", true: " with a ledger"}[installed]
			t.Run(string(version)+name, func(t *testing.T) {
				t.Parallel()
				db := issue(t, version)
				if installed {
					once(t, db, 0)
				}
				role := env{"DATABASE_URL": db.Role(t, "reader")}

				granted := ""
				r := run(t, role, "explain", "ci", "github")
				for round := 1; r.code != 0 && round <= 2; round++ {
					granted += obey(t, db, r.wantCode(t, 1)) + "; "
					r = run(t, role, "explain", "ci", "github")
				}
				wantTexts(t, r.wantCode(t, 0).stdout, "May key ci use e7a5b6cb (github)? Before v1.88: ")

				for _, word := range []string{"INSERT", "UPDATE", "DELETE", `"token"`, `SELECT ON "public"`} {
					if strings.Contains(granted, word) {
						t.Errorf("%s is asked for: %s", word, granted)
					}
				}
				for _, args := range [][]string{{"users-local"}, {"sk-...wxyz"}} {
					run(t, role, append([]string{"explain"}, args...)...).wantCode(t, 0)
				}
				wantTexts(t, run(t, role, "explain", "cii").wantCode(t, 1).complaint(t), "did you mean key:ci")
				wantTexts(t, run(t, role, "explain", "ci", "sentry").wantCode(t, 1).complaint(t), "no MCP server goes by")
			})
		}
	}
}

// The server itself keeps explain from writing: here every look at a team would
// write, if it could.
func TestExplainReadsInAReadOnlyTransaction(t *testing.T) {
	t.Parallel()
	db := issue(t, pgtest.V1_83_14)
	db.Exec(t, `CREATE TABLE {schema}.looks (n int)`)
	db.Exec(t, `CREATE FUNCTION {schema}.note_look() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
		BEGIN INSERT INTO {schema}.looks VALUES (1); RETURN true; END $$`)
	db.Exec(t, `ALTER TABLE {schema}."LiteLLM_TeamTable" ENABLE ROW LEVEL SECURITY`)
	db.Exec(t, `CREATE POLICY noted ON {schema}."LiteLLM_TeamTable" USING ({schema}.note_look())`)
	reader := env{"DATABASE_URL": db.Role(t, "reader",
		"GRANT USAGE ON SCHEMA {schema} TO {role}", "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")}
	wantTexts(t, run(t, reader, "explain", "ci").wantCode(t, 1).complaint(t), "explain: ", "takes no writes")
}

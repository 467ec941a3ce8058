package main

import (
	"maps"
	"net/url"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

func hasLedger(t *testing.T, db *pgtest.Database) bool {
	t.Helper()
	return pgtest.Scalar[bool](t, db, `SELECT to_regnamespace('litellm_reconciler') IS NOT NULL`)
}

func TestADryRunReportsAndWritesNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github", "jira")
	db.Team(t, "a", "dev")
	before := db.Fingerprint(t)

	report := once(t, db, 0, "--dry-run", "-o", "json").summary(t)
	wantTexts(t, once(t, db, 2, "--dry-run", "--exit-code").stdout,
		"1 of 1 team with access groups drifted, nothing written: this is a dry run", "missing row", "servers to grant")

	if !report.DryRun || report.DriftedTeams != 1 || report.RepairedTeams != 0 || report.ServersGranted != 2 {
		t.Errorf("the dry run reports %+v", report)
	}
	if db.Fingerprint(t) != before {
		t.Error("the dry run wrote to LiteLLM's tables")
	}
	if hasLedger(t, db) {
		t.Error("the dry run installed the ledger")
	}

	once(t, db, 0)
	wantTexts(t, once(t, db, 0, "--dry-run", "--exit-code").stdout, "In sync")
}

func TestConnectionsAsLiteLLMHasThem(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		schema string
		env    func(u *url.URL) env
	}{
		"a schema in the URL": {"litellm", func(u *url.URL) env {
			return env{"DATABASE_URL": with(u, url.Values{"schema": {"litellm"}})}
		}},
		"a schema that needs quotes": {`Lite "LLM"`, func(u *url.URL) env {
			return env{"DATABASE_URL": with(u, url.Values{"schema": {`Lite "LLM"`}})}
		}},
		"parameters of Prisma": {"public", func(u *url.URL) env {
			return env{"DATABASE_URL": with(u, url.Values{
				"connection_limit": {"5"}, "pool_timeout": {"60"}, "pgbouncer": {"true"}, "schema": {"public"},
			})}
		}},
		"discrete variables": {"litellm", func(u *url.URL) env { return discrete(u, env{"DATABASE_SCHEMA": "litellm"}) }},
		"our own variable before LiteLLM's": {"public", func(u *url.URL) env {
			return env{"LITELLM_RECONCILER_DATABASE_URL": u.String(), "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
		}},
		"a direct URL for the migrations": {"public", func(u *url.URL) env {
			return env{"DATABASE_URL": with(u, url.Values{"pgbouncer": {"true"}}), "DIRECT_URL": u.String()}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.Newest, pgtest.InSchema(test.schema))
			db.Group(t, "dev", "github")
			db.Team(t, "a", "dev")
			u, err := url.Parse(db.URL)
			if err != nil {
				t.Fatal(err)
			}

			run(t, test.env(u), "--once").wantCode(t, 0)

			wantServers(t, db, "a", "github")
		})
	}
}

// with adds parameters to a URL.
func with(u *url.URL, parameters url.Values) string {
	query := u.Query()
	maps.Copy(query, parameters)
	changed := *u
	changed.RawQuery = query.Encode()
	return changed.String()
}

// discrete takes a URL apart into LiteLLM's variables.
func discrete(u *url.URL, more env) env {
	password, _ := u.User.Password()
	e := env{
		"DATABASE_HOST": u.Hostname(), "DATABASE_PORT": u.Port(), "DATABASE_NAME": u.Path[1:],
		"DATABASE_USERNAME": u.User.Username(), "DATABASE_PASSWORD": password,
	}
	maps.Copy(e, more)
	return e
}

func TestOnlySelectedTeamsAreRepaired(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args     []string
		repaired map[string]bool
	}{
		"by id and alias":       {[]string{"--teams-include=a,alias of b"}, map[string]bool{"a": true, "b": true}},
		"by exclusion":          {[]string{"--teams-exclude=a,alias of b"}, map[string]bool{"c": true}},
		"exclusion wins":        {[]string{"--teams-include=a,c", "--teams-exclude=a"}, map[string]bool{"c": true}},
		"by organization":       {[]string{"--organizations-include=org"}, map[string]bool{"b": true}},
		"by organization alias": {[]string{"--organizations-include=Research"}, map[string]bool{"b": true}},
		"by both":               {[]string{"--organizations-include=org", "--teams-include=a"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			db.Group(t, "dev", "github")
			for _, team := range []string{"a", "b", "c"} {
				db.Team(t, team, "dev")
			}
			db.Exec(t, `INSERT INTO {schema}."LiteLLM_OrganizationTable" (organization_id, organization_alias, budget_id, created_by, updated_by)
				VALUES ('org', 'Research', 'budget', 'admin', 'admin')`)
			db.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET organization_id = 'org' WHERE team_id = 'b'`)

			once(t, db, 0, test.args...)

			for _, team := range []string{"a", "b", "c"} {
				if got := db.RowID(t, team) != ""; got != test.repaired[team] {
					t.Errorf("team %s repaired: %t, want %t", team, got, test.repaired[team])
				}
			}
		})
	}
}

// The server itself keeps a dry run from writing: here every look at a team
// would write, if it could.
func TestADryRunReadsInAReadOnlyTransaction(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	db.Exec(t, `CREATE TABLE {schema}.looks (n int)`)
	db.Exec(t, `CREATE FUNCTION {schema}.note_look() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
		BEGIN INSERT INTO {schema}.looks VALUES (1); RETURN true; END $$`)
	db.Exec(t, `ALTER TABLE {schema}."LiteLLM_TeamTable" ENABLE ROW LEVEL SECURITY`)
	db.Exec(t, `CREATE POLICY noted ON {schema}."LiteLLM_TeamTable" USING ({schema}.note_look())`)
	reader := env{"DATABASE_URL": db.Role(t, "reader",
		"GRANT USAGE ON SCHEMA {schema} TO {role}", "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")}

	wantTexts(t, run(t, reader, "--once", "--dry-run").wantCode(t, 1).complaint(t), "takes no writes")
}

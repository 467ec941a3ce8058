//go:build faults

package faults_test

import (
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// least makes a role that has what the program prints for a daemon, where
// nobody has anything by default, and returns its environment and quoted name.
func least(t *testing.T, db *pgtest.Database) (e env, role string) {
	t.Helper()
	db.Exec(t, "REVOKE ALL ON SCHEMA {schema} FROM PUBLIC")
	db.Exec(t, fmt.Sprintf("REVOKE ALL ON DATABASE %q FROM PUBLIC", db.Name))
	e = at(db.Role(t, "daemon"))
	u, err := url.Parse(e["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	give(t, db, u.User.Username())
	return e, `"` + u.User.Username() + `"`
}

// give executes what the program prints for a role.
func give(t *testing.T, db *pgtest.Database, role string) {
	t.Helper()
	script := expect(t, of(db), "doctor", "--for", "daemon", "--print-grants", strings.Trim(role, `"`)).stdout
	psql, err := exec.LookPath("psql")
	if err != nil {
		db.Exec(t, script)
		return
	}
	cmd := exec.CommandContext(t.Context(), psql, "--no-psqlrc", "--set", "ON_ERROR_STOP=1", db.URL)
	cmd.Stdin = strings.NewReader(script)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
}

// blow is something that is taken from a running daemon, and given back.
type blow struct {
	name  string
	taken string
	// said are texts of what the daemon says about it.
	said []string
	mend func(t *testing.T, db *pgtest.Database, role string)
}

func execute(sql string) func(*testing.T, *pgtest.Database, string) {
	return func(t *testing.T, db *pgtest.Database, role string) {
		t.Helper()
		db.Exec(t, strings.ReplaceAll(sql, "{role}", role))
	}
}

func migrateUp(t *testing.T, db *pgtest.Database, role string) {
	t.Helper()
	if pgtest.Scalar[bool](t, db, `SELECT to_regclass('litellm_reconciler.grants') IS NOT NULL`) {
		t.Error("the daemon made a new ledger by itself")
	}
	expect(t, of(db), "migrate", "up")
	give(t, db, role)
}

func TestADaemonThatLosesWhatItNeedsStopsWritingUntilItIsBack(t *testing.T) {
	t.Parallel()
	for _, b := range []blow{
		{"its schema is dropped", `DROP SCHEMA litellm_reconciler CASCADE`,
			[]string{"the ledger is not installed", "migrate up"}, migrateUp},
		{"LiteLLM's column of the groups' servers is gone", `ALTER TABLE "LiteLLM_AccessGroupTable" RENAME access_mcp_server_ids TO away`,
			[]string{"access_mcp_server_ids"}, execute(`ALTER TABLE "LiteLLM_AccessGroupTable" RENAME away TO access_mcp_server_ids`)},
		{"LiteLLM's column of the teams' groups is gone", `ALTER TABLE "LiteLLM_TeamTable" RENAME access_group_ids TO away`,
			[]string{"no access groups"}, execute(`ALTER TABLE "LiteLLM_TeamTable" RENAME away TO access_group_ids`)},
		{"LiteLLM's column of the rows' servers is gone", `ALTER TABLE "LiteLLM_ObjectPermissionTable" RENAME mcp_servers TO away`,
			[]string{"mcp_servers"}, execute(`ALTER TABLE "LiteLLM_ObjectPermissionTable" RENAME away TO mcp_servers`)},
		{"the right to write rows is revoked", `REVOKE UPDATE, UPDATE (mcp_servers) ON "LiteLLM_ObjectPermissionTable" FROM {role}`,
			[]string{"GRANT UPDATE", "LiteLLM_ObjectPermissionTable"}, give},
		{"the right to read groups is revoked", `REVOKE SELECT ON "LiteLLM_AccessGroupTable" FROM {role}`,
			[]string{"GRANT SELECT", "LiteLLM_AccessGroupTable"}, give},
		{"the right to write the change log is revoked", `ALTER TABLE litellm_reconciler.changes OWNER TO postgres; REVOKE INSERT ON litellm_reconciler.changes FROM {role}`,
			[]string{"GRANT INSERT", "changes"}, execute(`GRANT SELECT, INSERT ON litellm_reconciler.changes TO {role}`)},
		{"the right to use the schema is revoked", `ALTER SCHEMA litellm_reconciler OWNER TO postgres; REVOKE ALL ON SCHEMA litellm_reconciler FROM {role}`,
			[]string{"GRANT USAGE", "litellm_reconciler"}, give},
	} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_88)
			i := inject(t, "under a running daemon, "+b.name)
			db.Group(t, "dev", "github")
			for _, team := range []string{"a", "b"} {
				db.Team(t, team, "dev")
			}
			e, role := least(t, db)
			d := start(t, e, "--web-ready-max-age=3s")
			d.await(t, 200)

			execute(b.taken)(t, db, role)
			i.add()
			column := "access_mcp_server_ids"
			if strings.Contains(b.taken, column+" TO away") {
				column = "away"
			}
			db.Exec(t, `UPDATE "LiteLLM_AccessGroupTable" SET `+column+` = '{github,jira}'`)
			i.longest("not ready after", d.await(t, 503, b.said...))
			before := db.Fingerprint(t)
			failed := passes(t, d, "error")
			eventually(t, func() error {
				if now := passes(t, d, "error"); now < failed+2 {
					return fmt.Errorf("%d passes failed", now)
				}
				return nil
			})
			if db.Fingerprint(t) != before {
				i.mistake(t, "it went on writing")
			}
			if err := d.logged(append([]string{`"level":"ERROR"`}, escaped(b.said)...)...); err != nil {
				i.mistake(t, "%v", err)
			}

			b.mend(t, db, role)
			i.longest("repairs once mended after", eventually(t, func() error {
				for _, team := range []string{"a", "b"} {
					if got := db.Servers(t, team); !slices.Equal(got, []string{"github", "jira"}) {
						return fmt.Errorf("team %s has %q", team, got)
					}
				}
				return nil
			}))
			d.await(t, 200)
			if code := d.stop(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// escaped is how texts stand in a log of JSON.
func escaped(texts []string) []string {
	var out []string
	for _, text := range texts {
		out = append(out, strings.ReplaceAll(text, `"`, `\"`))
	}
	return out
}

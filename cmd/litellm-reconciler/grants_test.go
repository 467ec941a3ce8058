package main

import (
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// looking are commands that a role with the rights to look, and no others, may
// use.
var looking = []struct {
	args []string
	// ledger is whether the command has nothing to show without one.
	ledger bool
}{
	{[]string{"--once", "--dry-run"}, false},
	{[]string{"doctor", "--for=plan"}, false},
	{[]string{"plan", "--keys"}, false},
	{[]string{"explain", "incomplete row"}, false},
	{[]string{"explain", "incomplete row", "github"}, false},
	{[]string{"history", "incomplete row"}, true},
}

// least makes a role that has what the program printed for it, where nobody has
// anything by default, and returns its environment.
func least(t *testing.T, db *pgtest.Database, name, purpose string) env {
	t.Helper()
	db.Exec(t, "REVOKE ALL ON SCHEMA {schema} FROM PUBLIC")
	db.Exec(t, fmt.Sprintf("REVOKE ALL ON DATABASE %q FROM PUBLIC", db.Name))
	e := env{"DATABASE_URL": db.Role(t, name)}
	give(t, db, e, purpose)
	return e
}

// give executes what the program prints for the role of an environment.
func give(t *testing.T, db *pgtest.Database, e env, purpose string) {
	t.Helper()
	u, err := url.Parse(e["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, of(db), "doctor", "--for", purpose, "--print-grants", u.User.Username()).wantCode(t, 0)
	if r.stderr != "" {
		t.Errorf("beside the script there is %s", r.stderr)
	}
	execute(t, db, r.stdout)
}

// execute takes a script to psql where it is installed, else to the server as
// one string.
func execute(t *testing.T, db *pgtest.Database, script string) {
	t.Helper()
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

// A role that has the printed grants, and nothing else, does all that is to be done.
func TestARoleWithThePrintedGrantsAndNoOthersDoesItsWork(t *testing.T) {
	t.Parallel()
	for _, version := range pgtest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, version)
			db.Group(t, "dev", "github", "jira")
			db.Group(t, "ops", "pager")
			db.Team(t, "without row", "dev")
			db.Team(t, "incomplete row", "dev", "ops")
			db.Row(t, "own", "github")
			db.LinkTeam(t, "incomplete row", "own")
			db.Team(t, "shared row", "dev")
			db.Row(t, "shared", "direct")
			db.LinkTeam(t, "shared row", "shared")
			db.Own(t, "LiteLLM_VerificationToken", "shared")
			early := least(t, db, "early", "plan") // the ledger is not there yet
			for _, command := range looking {
				if !command.ledger {
					run(t, early, command.args...).wantCode(t, 0)
				}
			}
			daemon := least(t, db, "daemon", "daemon")
			run(t, daemon, "doctor").wantCode(t, 0)

			run(t, daemon, "--once").wantCode(t, 0)

			wantServers(t, db, "without row", "github", "jira")
			wantServers(t, db, "incomplete row", "github", "jira", "pager")
			wantServers(t, db, "shared row", "direct", "github", "jira")
			if db.RowID(t, "shared row") == "shared" {
				t.Error("the shared row was not copied")
			}
			wantTexts(t, run(t, daemon, "--once").wantCode(t, 0).stdout, "In sync")
			if out := run(t, daemon, "doctor").wantCode(t, 0).stdout; strings.Contains(out, "warn") {
				t.Errorf("the doctor is not content: %s", out)
			}

			db.SetGroup(t, "dev", "wiki")
			db.DeleteGroup(t, "ops")
			db.DeleteTeam(t, "without row")
			run(t, daemon, "--once").wantCode(t, 0)
			wantServers(t, db, "incomplete row", "github", "wiki")
			wantServers(t, db, "shared row", "direct", "wiki")

			run(t, daemon, "adopt", "--all", "--yes").wantCode(t, 0)
			run(t, daemon, "revert", "--team", "shared row", "--yes").wantCode(t, 0)
			wantServers(t, db, "shared row", "direct")

			later := least(t, db, "later", "plan")
			db.SetGroup(t, "dev", "github")
			before := db.Fingerprint(t)
			for _, command := range looking {
				run(t, later, command.args...).wantCode(t, 0)
			}
			run(t, later, "--once").wantCode(t, 1)
			if db.Fingerprint(t) != before {
				t.Error("a role that is to look wrote something")
			}
		})
	}
}

// The daemon's script makes the schema, the daemon its tables: one who looks
// sees something at each step, or is told what is missing.
func TestAnAuditorLooksAtEveryStepOfAnInstallation(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "incomplete row", "dev")
	looks := func(auditor env, ledger bool) {
		t.Helper()
		for _, command := range looking {
			if ledger || !command.ledger {
				run(t, auditor, command.args...).wantCode(t, 0)
			}
		}
	}
	early := least(t, db, "early", "plan")
	daemon := least(t, db, "daemon", "daemon")
	run(t, early, "plan").wantCode(t, 0)
	wantTexts(t, run(t, early, "doctor", "--for=plan").wantCode(t, 1).stdout,
		`a right is missing, run as the owner: GRANT USAGE ON SCHEMA "litellm_reconciler" TO `)
	auditor := least(t, db, "auditor", "plan")
	looks(auditor, false)

	run(t, daemon, "--once").wantCode(t, 0)
	wantTexts(t, run(t, auditor, "doctor", "--for=plan").wantCode(t, 1).stdout,
		`GRANT SELECT ON "litellm_reconciler"."grants" TO `, `GRANT SELECT ON "litellm_reconciler"."history" TO `)
	wantTexts(t, run(t, auditor, "plan").wantCode(t, 1).complaint(t), `GRANT SELECT ON "litellm_reconciler"."grants" TO `)
	give(t, db, auditor, "plan")
	looks(auditor, true)
}

// Where another role installed the ledger, the daemon's gets rights on its tables.
func TestARoleWithThePrintedGrantsUsesTheLedgerOfAnother(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	run(t, of(db), "migrate", "up").wantCode(t, 0)
	daemon := least(t, db, "daemon", "daemon")

	run(t, daemon, "doctor").wantCode(t, 0)
	run(t, daemon, "--once").wantCode(t, 0)
	wantServers(t, db, "a", "github")
	wantTexts(t, run(t, daemon, "--once").wantCode(t, 0).stdout, "In sync")
}

// The right to delete is one that a revert can do without.
func TestARevertDeletesEmptiedRowsWhereItsRoleMay(t *testing.T) {
	t.Parallel()
	for purpose, left := range map[string]int{"daemon": 1, "revert": 0} {
		t.Run(purpose, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			db.Group(t, "dev", "github")
			db.Team(t, "a", "dev")
			role := least(t, db, "reconciler", purpose)
			run(t, role, "--once").wantCode(t, 0)
			run(t, role, "doctor", "--for", purpose).wantCode(t, 0)

			run(t, role, "revert", "--all", "--yes").wantCode(t, 0)

			if got := pgtest.Scalar[int](t, db, `SELECT count(*) FROM {schema}."LiteLLM_ObjectPermissionTable"`); got != left || db.RowID(t, "a") != "" {
				t.Errorf("%d rows are left, and the team points at %q", got, db.RowID(t, "a"))
			}
		})
	}
}

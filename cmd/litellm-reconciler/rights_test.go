package main

import (
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// obey executes the GRANT statements that a pass asked for, and returns them.
func obey(t *testing.T, db *pgtest.Database, r result) string {
	t.Helper()
	_, remedy, _ := strings.Cut(r.complaint(t), "a right is missing, run as the owner of the ")
	_, statements, found := strings.Cut(remedy, ": ") // after "schema" or "tables"
	if !found {
		t.Fatalf("no GRANT statements: %s", r.stderr)
	}
	for statement := range strings.SplitSeq(statements, "; ") {
		if !strings.HasPrefix(statement, "GRANT ") {
			t.Fatalf("not a GRANT: %s", statement)
		}
		db.Exec(t, statement)
	}
	return statements
}

// The role may do nothing at first, and then just what the program asked for.
func TestARoleWithTheNamedRightsAndNoOthersRepairsEverything(t *testing.T) {
	t.Parallel()
	for _, version := range pgtest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, version)
			db.Group(t, "dev", "github", "jira")
			db.Team(t, "without row", "dev")
			db.Team(t, "incomplete row", "dev")
			db.Row(t, "own", "github")
			db.LinkTeam(t, "incomplete row", "own")
			db.Team(t, "shared row", "dev")
			db.Row(t, "shared", "direct")
			db.LinkTeam(t, "shared row", "shared")
			db.Own(t, "LiteLLM_VerificationToken", "shared")
			run(t, of(db), "migrate", "up").wantCode(t, 0)
			role := env{"DATABASE_URL": db.Role(t, "reconciler")}

			granted := ""
			r := run(t, role, "--once")
			for round := 1; r.code != 0 && round <= 3; round++ {
				granted += obey(t, db, r.wantCode(t, 1)) + "; "
				r = run(t, role, "--once")
			}
			r.wantCode(t, 0)

			wantServers(t, db, "without row", "github", "jira")
			wantServers(t, db, "incomplete row", "github", "jira")
			wantServers(t, db, "shared row", "direct", "github", "jira")
			if db.RowID(t, "shared row") == "shared" {
				t.Error("the shared row was not copied")
			}
			if strings.Contains(granted, `UPDATE ON "public"`) || strings.Contains(granted, `DELETE ON "public"`) {
				t.Errorf("more than single columns of LiteLLM's are to be written: %s", granted)
			}

			// What is granted from now on needs no further right.
			db.SetGroup(t, "dev", "wiki")
			db.DeleteTeam(t, "without row")
			run(t, role, "--once").wantCode(t, 0)
			wantServers(t, db, "incomplete row", "github", "wiki")
			wantTexts(t, run(t, role, "--once").wantCode(t, 0).stdout, "In sync")
		})
	}
}

// As in a cluster whose migrations are another role's.
func TestARoleThatMayDoNothingIsToldAllAtOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	run(t, of(db), "migrate", "up").wantCode(t, 0)
	role := env{"DATABASE_URL": db.Role(t, "reconciler"), "LITELLM_RECONCILER_LEDGER_AUTO_MIGRATE": "false"}

	obey(t, db, run(t, role, "--once").wantCode(t, 1))

	run(t, role, "--once").wantCode(t, 0)
	wantServers(t, db, "a", "github")
}

func TestARoleThatMayOnlyReadLooksAndIsToldWhatWritingTakes(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	run(t, of(db), "migrate", "up").wantCode(t, 0)
	role := env{"DATABASE_URL": db.Role(t, "reader",
		"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}",
		"GRANT USAGE ON SCHEMA litellm_reconciler TO {role}",
		"GRANT SELECT ON ALL TABLES IN SCHEMA litellm_reconciler TO {role}")}

	run(t, role, "--once", "--dry-run", "--exit-code").wantCode(t, 2)
	before := db.Fingerprint(t)
	statements := obey(t, db, run(t, role, "--once").wantCode(t, 1))

	if strings.Contains(statements, "GRANT SELECT") || strings.Contains(statements, "GRANT USAGE") {
		t.Errorf("rights that the role has are asked for: %s", statements)
	}
	if db.Fingerprint(t) != before {
		t.Error("something was written")
	}
	run(t, role, "--once").wantCode(t, 0)
	wantServers(t, db, "a", "github")
}

func TestARoleThatMayCreateTheLedgerInstallsIt(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	role := env{"DATABASE_URL": db.Role(t, "reconciler")}

	_, remedy, _ := strings.Cut(run(t, role, "--once").wantCode(t, 1).complaint(t), "as the database's owner, ")
	statement, _, _ := strings.Cut(remedy, ";")
	db.Exec(t, statement)

	obey(t, db, run(t, role, "--once").wantCode(t, 1))
	run(t, role, "--once").wantCode(t, 0)
	wantServers(t, db, "a", "github")
}

func TestSelectingOrganizationsNamesTheRightItNeeds(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	once(t, db, 0)
	role := env{"DATABASE_URL": db.Role(t, "limited", "GRANT USAGE ON SCHEMA {schema}, litellm_reconciler TO {role}",
		"GRANT SELECT ON litellm_reconciler.schema_version TO {role}")}
	complaint := run(t, role, "--once", "--dry-run", "--organizations-include=org").wantCode(t, 1).complaint(t)
	wantTexts(t, complaint, `"organization_alias") ON "public"."LiteLLM_OrganizationTable" TO `)
}

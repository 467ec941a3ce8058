package main

import (
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

func TestMigrateTriggersInstallsShowsAndRemovesThem(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	triggers := func(code int, args ...string) result {
		return run(t, of(db), append([]string{"migrate", "triggers"}, args...)...).wantCode(t, code)
	}
	missing := []string{"migrate triggers status: ", "LiteLLM_TeamTable is missing", "run: litellm-reconciler migrate triggers install"}

	triggers(64)
	wantTexts(t, triggers(1, "status").complaint(t), missing...)
	wantTexts(t, triggers(1, "install").complaint(t), "migrate triggers install: ", "the ledger is not installed", "litellm-reconciler migrate up")
	wantTexts(t, triggers(0, "remove").stdout, "triggers removed\n")
	run(t, of(db), "migrate", "up").wantCode(t, 0)
	for range 2 {
		wantTexts(t, triggers(0, "install").stdout, "triggers installed\n")
		wantTexts(t, triggers(0, "status").stdout, "triggers installed, as needed\n")
	}
	db.SetTeamGroups(t, "a")
	db.SetTeamGroups(t, "a", "dev")
	if n := pgtest.Scalar[int](t, db, `SELECT count(*) FROM litellm_reconciler.inbox`); n != 1 {
		t.Errorf("%d entries of a changed team, want 1", n)
	}
	db.Exec(t, `ALTER TABLE {schema}."LiteLLM_TeamTable" DISABLE TRIGGER litellm_reconciler`)
	wantTexts(t, triggers(1, "status").complaint(t), "LiteLLM_TeamTable is disabled")
	for range 2 {
		wantTexts(t, triggers(0, "remove").stdout, "triggers removed\n")
		wantTexts(t, triggers(1, "status").complaint(t), missing...)
	}
	wantNothingLeft(t, db)
}

func TestMigrateTriggersNamesTheMissingRights(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	run(t, of(db), "migrate", "up").wantCode(t, 0)
	role := env{"DATABASE_URL": db.Role(t, "plain", `GRANT USAGE ON SCHEMA {schema}, litellm_reconciler TO {role}`,
		`GRANT SELECT ON litellm_reconciler.schema_version TO {role}`)}
	complaint := run(t, role, "migrate", "triggers", "install").wantCode(t, 1).complaint(t)
	_, statements, _ := strings.Cut(complaint, "run as the owner of the tables: ")
	wantTexts(t, statements, `GRANT TRIGGER ON "public"."LiteLLM_TeamTable" TO `)
	db.Exec(t, statements)
	run(t, role, "migrate", "triggers", "install").wantCode(t, 0)
	run(t, role, "migrate", "triggers", "remove").wantCode(t, 0)
}

func TestMigrateDownTakesTheTriggersAlong(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	run(t, of(db), "migrate", "up").wantCode(t, 0)
	run(t, of(db), "migrate", "triggers", "install").wantCode(t, 0)
	run(t, of(db), "migrate", "down", "--yes").wantCode(t, 0)
	wantNothingLeft(t, db)
	db.Team(t, "a", "dev")
}

// wantNothingLeft wants no trigger and no function, wherever they may be.
func wantNothingLeft(t *testing.T, db *pgtest.Database) {
	t.Helper()
	left := pgtest.Scalar[int](t, db, `SELECT (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal)
		+ (SELECT count(*) FROM pg_proc WHERE proname LIKE 'litellm_reconciler%')`)
	if left > 0 {
		t.Errorf("%d triggers and functions are left", left)
	}
}

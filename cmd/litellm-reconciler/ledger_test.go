package main

import (
	"testing"

	"litellm-reconciler/internal/pgtest"
)

func TestMigrateInstallsShowsAndRemovesTheLedger(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	migrate := func(code int, args ...string) result {
		return run(t, of(db), append([]string{"migrate"}, args...)...).wantCode(t, code)
	}

	wantTexts(t, migrate(1, "status").complaint(t), "migrate status: ", "not installed", "migrate up")
	wantTexts(t, migrate(1, "down", "--yes").complaint(t), "migrate down: ", "not installed")
	wantTexts(t, once(t, db, 1, "--ledger-auto-migrate=false").complaint(t), "not installed", "migrate up")
	wantTexts(t, migrate(0, "up").stdout, "ledger at version 3\n")
	wantTexts(t, migrate(0, "up").stdout, "ledger at version 3\n")
	wantTexts(t, migrate(0, "status").stdout, "ledger at version 3, as needed\n")

	once(t, db, 0, "--ledger-auto-migrate=false")
	wantServers(t, db, "a", "github")
	migrate(64, "down")
	migrate(0, "status")

	before := db.Fingerprint(t)
	wantTexts(t, migrate(0, "down", "--yes").stdout, "ledger removed\n")
	migrate(1, "status")
	if db.Fingerprint(t) != before {
		t.Error("removing the ledger changed LiteLLM's tables")
	}
	migrate(0, "up")
	wantTexts(t, once(t, db, 0, "--ledger-auto-migrate=false").stdout, "In sync")
}

func TestTheLedgersSchemaCanHaveAnotherName(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")

	once(t, db, 0, "--ledger-schema=mcp_memory")

	if got := pgtest.Scalar[string](t, db, `SELECT team_id FROM mcp_memory.grants`); got != "a" {
		t.Errorf("the ledger holds team %q", got)
	}
	if hasLedger(t, db) {
		t.Error("the schema of the default name is there as well")
	}
}

// An empty new ledger would have forgotten what may be taken back, so only
// somebody who knows may make it.
func TestADaemonWithoutItsLedgerStopsWritingUntilSomebodyInstallsIt(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	d := start(t, of(db))
	d.await(t, "/readyz", 200)

	db.Exec(t, `DROP SCHEMA litellm_reconciler CASCADE`)
	db.SetGroup(t, "dev", "github", "jira")
	before := db.Fingerprint(t)
	d.await(t, "/readyz", 503, "the ledger is not installed", "litellm-reconciler migrate up")
	d.awaitMetric(t, `passes_total{result="error",trigger="schedule"}`, 2)
	if db.Fingerprint(t) != before {
		t.Error("the daemon went on writing")
	}
	if hasLedger(t, db) {
		t.Error("the daemon made a new ledger")
	}

	run(t, of(db), "migrate", "up").wantCode(t, 0)
	awaitServers(t, db, "a", "github", "jira")
	d.await(t, "/readyz", 200)
}

func TestADirectURLOfAnotherDatabaseIsNoticed(t *testing.T) {
	t.Parallel()
	db, other := pgtest.New(t, pgtest.V1_83_14), pgtest.Empty(t)
	e := of(db)
	e["DIRECT_URL"] = other.URL
	wantTexts(t, run(t, e, "--once").wantCode(t, 1).complaint(t), "database.direct_url", "must name the same database")
	if hasLedger(t, db) {
		t.Error("the ledger is in the other database")
	}
}

// Taken for absent, a pass would show, or make, what is not so.
func TestALedgerThatLostATableIsNotTakenForAbsent(t *testing.T) {
	t.Parallel()
	for sql, text := range map[string]string{
		"DROP TABLE litellm_reconciler.grants":                         "table grants is gone",
		"ALTER TABLE litellm_reconciler.schema_version RENAME TO lost": "table schema_version is gone",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			db.Group(t, "dev", "github")
			db.Team(t, "a", "dev")
			once(t, db, 0)
			db.SetGroup(t, "dev")
			db.Exec(t, sql)
			before := db.Fingerprint(t)
			for _, command := range [][]string{
				{"--once"}, {"--once", "--dry-run"}, {"plan"}, {"explain", "a"}, {"history", "a"},
				{"revert", "--all", "--yes"}, {"migrate", "status"}, {"migrate", "up"},
			} {
				wantTexts(t, run(t, of(db), command...).wantCode(t, 1).complaint(t), "the ledger is not complete", text, "backup")
			}
			wantTexts(t, run(t, of(db), "doctor", "--for=plan").wantCode(t, 1).stdout, "\nfail  ledger        the ledger is not complete", text)
			if db.Fingerprint(t) != before {
				t.Error("something was written")
			}

			run(t, of(db), "migrate", "down", "--yes").wantCode(t, 0)
			once(t, db, 0)
		})
	}
}

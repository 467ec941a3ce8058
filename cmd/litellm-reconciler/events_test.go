package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
)

// watching starts a daemon that makes one pass, and then reacts.
func watching(t *testing.T, e env, args ...string) *daemon {
	t.Helper()
	run(t, e, "migrate", "up").wantCode(t, 0)
	run(t, e, "migrate", "triggers", "install").wantCode(t, 0)
	d := start(t, e, append([]string{"--watch-triggers", "--schedule-interval=1h"}, args...)...)
	d.awaitMetric(t, "triggers_installed", 1)
	d.await(t, "/readyz", 200)
	return d
}

func TestChangesAreRepairedAtOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	d := watching(t, of(db))
	for i := range 20 {
		server := fmt.Sprint("s", i)
		db.SetGroup(t, "dev", server)
		awaitServers(t, db, "a", server)
	}
	db.SetTeamGroups(t, "a")
	awaitServers(t, db, "a")
	d.await(t, "/metrics", 200, `passes_total{result="ok",trigger="schedule"} 1`,
		"litellm_reconciler_event_delay_seconds_count 21",
		"litellm_reconciler_queue_teams 0", "litellm_reconciler_queue_entries 0",
		"litellm_reconciler_servers_revoked_total 21")
	wantTexts(t, strings.Join(d.Lines(), "\n"), "told of changes at once", "changes are repaired at once")
	wantTexts(t, run(t, of(db), "history", "a").wantCode(t, 0).stdout, "event")
}

func TestChangesAreRepairedThroughAPoolerToo(t *testing.T) {
	t.Parallel()
	for name, direct := range map[string]bool{"polling": false, "with a direct URL": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			db.Group(t, "dev", "github")
			db.Team(t, "a", "dev")
			e := env{"DATABASE_URL": db.Pooled(t, "transaction")}
			if direct {
				e["DIRECT_URL"] = db.URL
			}
			d := watching(t, e)
			for i := range 3 {
				server := fmt.Sprint("s", i)
				db.SetGroup(t, "dev", server)
				awaitServers(t, db, "a", server)
			}
			if log := strings.Join(d.Lines(), "\n"); strings.Contains(log, "a connection pooler is in between") == direct {
				t.Errorf("listening: %s", log)
			}
		})
	}
}

// What comes while nobody is there waits in the queue, and the next pass repairs it in any case.
func TestTriggersOutliveTheDaemonAndAreMadeAgainWhereTheyAreMissing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	d := watching(t, of(db))
	d.stop(t, syscall.SIGTERM)
	db.SetGroup(t, "dev", "jira")
	if n := pgtest.Scalar[int](t, db, `SELECT count(*) FROM litellm_reconciler.inbox`); n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
	db.Exec(t, `DROP TRIGGER litellm_reconciler ON {schema}."LiteLLM_AccessGroupTable"`)
	wantTexts(t, run(t, of(db), "migrate", "triggers", "status").wantCode(t, 1).complaint(t), "LiteLLM_AccessGroupTable is missing")

	without := start(t, of(db), "--schedule-interval=1h") // does not install them, and says so
	eventually(t, func() error {
		if log := strings.Join(without.Lines(), "\n"); !strings.Contains(log, "scheduled passes only") || !strings.Contains(log, "migrate triggers install") {
			return fmt.Errorf("it does not say so: %s", log)
		}
		return nil
	})
	awaitServers(t, db, "a", "jira")
	without.stop(t, syscall.SIGTERM)

	start(t, of(db), "--watch-triggers", "--schedule-interval=1h").awaitMetric(t, "triggers_installed", 1)
	run(t, of(db), "migrate", "triggers", "status").wantCode(t, 0)
	db.SetGroup(t, "dev", "slack")
	awaitServers(t, db, "a", "slack")
}

func TestEventsTakeAwayNoMoreThanAPassMay(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github", "jira")
	for i := range 20 {
		db.Team(t, fmt.Sprint("t", i), "dev")
	}
	d := watching(t, of(db))
	awaitServers(t, db, "t19", "github", "jira")
	db.SetGroup(t, "dev", "github")
	d.awaitMetric(t, `guard_refusals_total{limit="revoked_fraction"}`, 1)
	wantServers(t, db, "t1", "github", "jira")
	wantTexts(t, strings.Join(d.Lines(), "\n"), "teams that would lose entries wait", "20 teams would lose entries")

	once(t, db, 0, "--allow-revokes")
	wantServers(t, db, "t1", "github")
	awaitEmptyQueue(t, db)
}

func awaitEmptyQueue(t *testing.T, db *pgtest.Database) {
	t.Helper()
	eventually(t, func() error {
		if n := pgtest.Scalar[int](t, db, `SELECT (SELECT count(*) FROM litellm_reconciler.inbox) + (SELECT count(*) FROM litellm_reconciler.pending)`); n != 0 {
			return fmt.Errorf("%d entries are left in the queue", n)
		}
		return nil
	})
}

func TestATeamThatSomebodyHoldsIsRepairedOnceItIsFree(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	db.Team(t, "b", "dev")
	d := watching(t, of(db), "--repair-attempts=1")
	awaitServers(t, db, "b", "github")
	tx, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM "LiteLLM_TeamTable" WHERE team_id = 'a' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	db.SetGroup(t, "dev", "jira")
	awaitServers(t, db, "b", "jira")
	d.awaitMetric(t, "queue_teams", 1)
	wantServers(t, db, "a", "github")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	freed := time.Now()
	awaitServers(t, db, "a", "jira")
	if took := time.Since(freed); took > 6*time.Second { // it waits for 1 s after the first try, then 2 s, then 4 s
		t.Errorf("repaired after %s", took)
	}
	awaitEmptyQueue(t, db)
}

// More of them than have a pass give up: each ends only by its statement_timeout.
func TestTeamsThatTakeTooLongHoldNoOtherUp(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	for i := range 8 {
		db.Team(t, fmt.Sprint("slow", i), "dev")
	}
	db.Team(t, "team", "dev")
	watching(t, of(db), "--repair-attempts=1", "--repair-statement-timeout=300ms")
	awaitServers(t, db, "team", "github")
	db.Exec(t, `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$`)
	db.Exec(t, `CREATE TRIGGER slow BEFORE UPDATE ON {schema}."LiteLLM_ObjectPermissionTable" FOR EACH ROW
		WHEN (OLD.object_permission_id <> '`+db.RowID(t, "team")+`') EXECUTE FUNCTION slow()`)
	db.SetGroup(t, "dev", "github", "jira")
	awaitServers(t, db, "team", "github", "jira")
}

func TestWhatKeepsEventsFromBeingRepairedIsToldOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github", "jira")
	for i := range 20 {
		db.Team(t, fmt.Sprint("t", i), "dev")
	}
	d := watching(t, of(db))
	awaitServers(t, db, "t19", "github", "jira")
	db.SetGroup(t, "dev", "github") // each of the 20 waits for a time of its own
	d.awaitMetric(t, `passes_total{result="refused",trigger="event"}`, 5)
	d.await(t, "/metrics", 200, `guard_refusals_total{limit="revoked_fraction"} 1`)
	db.Exec(t, `ALTER TABLE litellm_reconciler.pending RENAME COLUMN due_at TO due`)
	time.Sleep(4 * time.Second)
	log := strings.Join(d.Lines(), "\n")
	for _, text := range []string{"teams that would lose entries wait", "changes wait in the queue"} {
		if n := strings.Count(log, text); n != 1 {
			t.Errorf("%q is told %d times: %s", text, n, log)
		}
	}
}

// Nobody noted what was changed between the first pass and the installation.
func TestAPassLooksAtAllTeamsOnceTheTriggersAreThere(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	tx, err := db.Pool.Begin(t.Context()) // that the installation has to wait for
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `UPDATE "LiteLLM_AccessGroupTable" SET access_group_name = 'dev'`); err != nil {
		t.Fatal(err)
	}
	d := start(t, of(db), "--watch-triggers", "--schedule-interval=1h")
	awaitServers(t, db, "a", "github")
	if _, err := tx.Exec(t.Context(), `UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{jira}'`); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	awaitServers(t, db, "a", "jira")
	d.awaitMetric(t, `passes_total{result="ok",trigger="schedule"}`, 2)
	d.awaitMetric(t, "triggers_installed", 1)
}

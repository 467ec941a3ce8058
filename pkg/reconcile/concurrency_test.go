package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
)

// many makes n teams without a row, of one group.
func (b *bundle) many(t *testing.T, n int) {
	t.Helper()
	b.Group(t, "general", "github")
	b.Exec(t, `INSERT INTO {schema}."LiteLLM_TeamTable" (team_id, access_group_ids)
		SELECT 'team-' || lpad(i::text, 6, '0'), '{general}' FROM generate_series(1, $1) AS i`, n)
}

// hold keeps a transaction of another session open that ran the statement.
func (b *bundle) hold(t *testing.T, sql string) pgx.Tx {
	t.Helper()
	tx, err := b.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
	if _, err := tx.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	return tx
}

func TestABusyTeamIsPassedOverAndTheOthersAreRepaired(t *testing.T) {
	t.Parallel()
	for name, lock := range map[string]string{
		"a new team being written":    `UPDATE "LiteLLM_TeamTable" SET spend = 1 WHERE team_id = 'team-000002'`,
		"a team being deleted":        `DELETE FROM "LiteLLM_TeamTable" WHERE team_id = 'team-000002'`,
		"LiteLLM's own advisory lock": `SELECT pg_advisory_xact_lock(hashtext('team-000002'))`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.Newest)
			b.config.BatchSize = 2
			b.many(t, 5)
			other := b.hold(t, lock)

			seen := ""
			report, err := b.pass(t, reconcile.Options{Progress: func(done, total int) { seen = fmt.Sprintf("%d of %d", done, total) }})
			if err != nil {
				t.Fatal(err)
			}
			if seen != "4 of 5" {
				t.Errorf("it came to %s teams, want 4 of 5", seen)
			}
			if report.Done.Teams != 4 || report.Done.Skipped[reconcile.Busy] != 1 || report.Done.Unfinished() != 1 {
				t.Errorf("got %+v, want 4 repaired and 1 busy", report.Done)
			}
			if err := other.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.repair(t)
			if diff := cmp.Diff([]string{"github"}, b.Servers(t, "team-000002")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// LiteLLM writes the spend of teams all the time. A team whose row only needs
// other servers must not wait for that, nor hold it up.
func TestARowIsUpdatedWhileLiteLLMWritesTheTeamsSpend(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "own")
	b.hold(t, `UPDATE "LiteLLM_TeamTable" SET spend = spend + 1`)
	b.repair(t)
	if diff := cmp.Diff([]string{"own", "github"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

func TestARowThatLiteLLMIsWritingIsPassedOver(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "own")
	b.hold(t, `UPDATE "LiteLLM_ObjectPermissionTable" SET vector_stores = '{v}'`)
	report, err := b.pass(t, reconcile.Options{})
	if err != nil || report.Done.Skipped[reconcile.Busy] != 1 {
		t.Errorf("got %+v, %v, want one busy team", report.Done, err)
	}
}

// A trigger of somebody else stands for whatever can go wrong with one team.
func TestATeamThatFailsDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	for name, raise := range map[string]string{
		"for good":        "'P0001'",
		"as if it passes": "'40001'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_83_14)
			b.many(t, 30)
			b.Exec(t, `CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
				BEGIN RAISE EXCEPTION 'not this one' USING ERRCODE = `+raise+`; END $$`)
			b.Exec(t, `CREATE TRIGGER refuse BEFORE UPDATE ON {schema}."LiteLLM_TeamTable" FOR EACH ROW
				WHEN (OLD.team_id = 'team-000017') EXECUTE FUNCTION {schema}.refuse()`)

			report, err := b.pass(t, reconcile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if report.Done.Teams != 29 || len(report.Done.Failed) != 1 || report.Done.Failed[0].Team != "team-000017" {
				t.Errorf("got %+v, want 29 repaired and team-000017 failed", report.Done)
			}
			b.wantConsistent(t)
		})
	}
}

// A table that is locked as a whole is no team's fault: the pass gives up
// instead of trying each of them.
func TestALockedTableEndsThePass(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.LockTimeout = 10 * time.Millisecond
	b.many(t, 300)
	b.hold(t, `LOCK TABLE "LiteLLM_ObjectPermissionTable" IN EXCLUSIVE MODE`)
	report, err := b.pass(t, reconcile.Options{})
	if err == nil || report.Done.Teams != 0 {
		t.Fatalf("got %+v, %v, want an error", report.Done, err)
	}
	if n := len(report.Done.Failed); n > 20 {
		t.Errorf("%d teams were tried one by one", n)
	}
}

func TestADeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.many(t, 3)
	// Fails once, as the victim of a deadlock does; a sequence survives the rollback.
	b.Exec(t, `CREATE SEQUENCE {schema}.tries`)
	b.Exec(t, `CREATE FUNCTION {schema}.once() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF nextval('{schema}.tries') = 1 THEN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END IF;
			RETURN NEW;
		END $$`)
	b.Exec(t, `CREATE TRIGGER once BEFORE UPDATE ON {schema}."LiteLLM_TeamTable" FOR EACH ROW EXECUTE FUNCTION {schema}.once()`)
	report := b.repair(t)
	if report.Done.Teams != 3 {
		t.Errorf("repaired %d, want 3", report.Done.Teams)
	}
}

func TestSeveralReconcilersAtOnceRepairEachTeamOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.BatchSize = 20
	b.many(t, 500)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if _, err := b.pass(t, reconcile.Options{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	b.repair(t)
	if n := pgtest.Scalar[int](t, b.Database, `SELECT count(*)::int FROM {schema}."LiteLLM_ObjectPermissionTable"`); n != 500 {
		t.Errorf("%d rows for 500 teams", n)
	}
	if n := pgtest.Scalar[int](t, b.Database, `SELECT count(*)::int FROM litellm_reconciler.changes`); n != 500 {
		t.Errorf("%d changes for 500 teams", n)
	}
	b.wantConsistent(t)
}

// Each but the first waits for another one, which comes only if they run at the
// same time.
func TestTransactionsRunAtTheSameTime(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.BatchSize = 20
	b.many(t, 100)
	b.Exec(t, `CREATE SEQUENCE {schema}.arrived`)
	b.Exec(t, `CREATE FUNCTION {schema}.meet() RETURNS trigger LANGUAGE plpgsql AS $$
		DECLARE
			me bigint := nextval('{schema}.arrived');
			meeting bigint := me - me % 2 + 1;
		BEGIN
			FOR i IN 1 .. 500 LOOP
				IF me = 1 OR (SELECT last_value FROM {schema}.arrived) >= meeting THEN RETURN NEW; END IF;
				PERFORM pg_sleep(0.01);
			END LOOP;
			RAISE 'nobody came';
		END $$`)
	b.Exec(t, `CREATE TRIGGER meet BEFORE INSERT ON {schema}."LiteLLM_ObjectPermissionTable" FOR EACH STATEMENT EXECUTE FUNCTION {schema}.meet()`)
	if report := b.repair(t); report.Done.Teams != 100 {
		t.Errorf("repaired %d, want 100", report.Done.Teams)
	}
	if n := pgtest.Scalar[int](t, b.Database, `SELECT last_value::int FROM {schema}.arrived`); n != 5 {
		t.Errorf("%d transactions, want 5", n)
	}
	b.wantConsistent(t)
}

// Transactions at the same time lock the same row: one of them leaves its teams
// to a later attempt, and none is left over.
func TestTeamsOfOneRowDoNotKeepEachOtherFromTheirCopies(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.BatchSize, b.config.Concurrency, b.config.Attempts = 5, 4, 2
	b.Group(t, "general", "github")
	b.Row(t, "row", "own")
	for i := range 100 {
		team := fmt.Sprintf("t%02d", i)
		b.Team(t, team, "general")
		b.LinkTeam(t, team, "row")
	}
	if report := b.repair(t); report.Done.Teams != 100 || report.Done.Repaired[plan.SharedRow] < 99 {
		t.Errorf("repaired %+v", report.Done)
	}
	rows := map[string]bool{}
	for i := range 100 {
		team := fmt.Sprintf("t%02d", i)
		rows[b.RowID(t, team)] = true
		if got := b.Servers(t, team); !slices.Equal(got, []string{"own", "github"}) {
			t.Errorf("%s has %v", team, got)
		}
	}
	if len(rows) < 99 {
		t.Errorf("100 teams have %d rows", len(rows))
	}
}

func TestACancelledPassFinishesItsTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.BatchSize, b.config.Concurrency = 10, 1
	b.many(t, 200)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	report, err := b.passContext(ctx, reconcile.Options{Progress: func(done, _ int) {
		if done >= 50 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || report.Done.Teams != 50 {
		t.Fatalf("repaired %d, %v, want 50 and a cancelled context", report.Done.Teams, err)
	}
	b.wantConsistent(t)
	if got := pgtest.Scalar[string](t, b.Database, "SELECT result FROM litellm_reconciler.runs"); got != "stopped" {
		t.Errorf("the run ended as %q", got)
	}
	b.repair(t)
	b.wantConsistent(t)
}

func TestAPassStopsWhenItsLedgerIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.many(t, 3)
	b.Exec(t, "DROP SCHEMA litellm_reconciler CASCADE")
	before := b.Fingerprint(t)
	if _, err := b.pass(t, reconcile.Options{}); err == nil {
		t.Error("no error")
	}
	if b.Fingerprint(t) != before {
		t.Error("something was written")
	}
	report, err := b.pass(t, reconcile.Options{DryRun: true})
	if err != nil || report.Found.Drift[plan.MissingRow] != 3 {
		t.Errorf("a dry run found %v, %v", report.Found.Drift, err)
	}
}

// wantConsistent checks that rows, links and ledger agree: nothing is half done.
func (b *bundle) wantConsistent(t *testing.T) {
	t.Helper()
	for what, sql := range map[string]string{
		"rows without a team": `SELECT count(*)::int FROM {schema}."LiteLLM_ObjectPermissionTable" AS p WHERE NOT EXISTS (
			SELECT FROM {schema}."LiteLLM_TeamTable" AS t WHERE t.object_permission_id = p.object_permission_id)`,
		"linked teams that the ledger does not know": `SELECT count(*)::int FROM {schema}."LiteLLM_TeamTable" AS t
			LEFT JOIN litellm_reconciler.grants AS g USING (team_id, object_permission_id)
			WHERE t.object_permission_id IS NOT NULL AND g.team_id IS NULL`,
		"grants that are not in the row": `SELECT count(*)::int FROM litellm_reconciler.grants AS g
			JOIN {schema}."LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id) WHERE NOT g.servers <@ p.mcp_servers`,
		"grants without a change": `SELECT count(*)::int FROM litellm_reconciler.grants AS g WHERE NOT EXISTS (
			SELECT FROM litellm_reconciler.changes AS c WHERE c.team_id = g.team_id AND c.run_id = g.run_id)`,
	} {
		if n := pgtest.Scalar[int](t, b.Database, sql); n != 0 {
			t.Error(fmt.Sprint(n, " ", what))
		}
	}
}

package reconcile_test

import (
	"context"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/reconcile"
)

// A stop in the middle of a transaction lets it come to its end.
func TestAStopFinishesTheRunningTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.BatchSize = 10
	b.many(t, 30)
	// The pass is in its first transaction while the trigger sleeps.
	b.Exec(t, `CREATE FUNCTION {schema}.slow() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END $$`)
	b.Exec(t, `CREATE TRIGGER slow BEFORE UPDATE ON {schema}."LiteLLM_TeamTable" FOR EACH ROW EXECUTE FUNCTION {schema}.slow()`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer cancel()
		for t.Context().Err() == nil {
			n := pgtest.Scalar[int](t, b.Database, `SELECT count(*)::int FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event = 'PgSleep'`)
			if n > 0 {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	report, err := b.passContext(ctx, reconcile.Options{})
	if err == nil || report.Done.Teams != 10 {
		t.Errorf("repaired %d, %v, want the first 10 and an error", report.Done.Teams, err)
	}
	b.wantConsistent(t)
}

// A server that holds an unanswered statement back does not hold the stop up
// for longer than the grace period.
func TestAStopWaitsNoLongerThanItsGrace(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.Grace = 500 * time.Millisecond
	b.many(t, 3)
	b.Exec(t, `CREATE FUNCTION {schema}.stuck() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_sleep(25); RETURN NEW; END $$`)
	b.Exec(t, `CREATE TRIGGER stuck BEFORE UPDATE ON {schema}."LiteLLM_TeamTable" FOR EACH ROW EXECUTE FUNCTION {schema}.stuck()`)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	started := time.Now()
	report, err := b.passContext(ctx, reconcile.Options{})
	if err == nil || report.Done.Teams != 0 {
		t.Errorf("repaired %d, %v", report.Done.Teams, err)
	}
	if took := time.Since(started); took > 15*time.Second {
		t.Errorf("stopped after %s", took)
	}
	b.Exec(t, `DROP TRIGGER stuck ON {schema}."LiteLLM_TeamTable"`)
	b.repair(t)
}

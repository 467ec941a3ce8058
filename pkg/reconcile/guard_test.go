package reconcile_test

import (
	"errors"
	"fmt"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
)

func TestTheGuardRefusesBeforeTheFirstWrite(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		edit  string
		limit plan.Limit
	}{
		{"the group table is suddenly empty", `DELETE FROM {schema}."LiteLLM_AccessGroupTable"`, plan.EmptySource},
		{"the team table is suddenly empty", `DELETE FROM {schema}."LiteLLM_TeamTable"`, plan.EmptySource},
		{"most groups lost their servers",
			`UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{}' WHERE access_group_id <> 'g0'`,
			plan.RevokedFraction},
		{"most teams were deleted", `DELETE FROM {schema}."LiteLLM_TeamTable" WHERE team_id <> 't0'`, plan.RevokedFraction},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_83_14)
			for i := range 20 {
				b.Group(t, fmt.Sprint("g", i), "github", fmt.Sprint("s", i))
				b.Team(t, fmt.Sprint("t", i), fmt.Sprint("g", i))
			}
			b.Team(t, "new", "g0")
			b.DeleteTeam(t, "new")
			b.repair(t)
			b.Exec(t, test.edit)
			before := b.Fingerprint(t)

			_, err := b.pass(t, reconcile.Options{})

			var refusal *plan.Refusal
			if !errors.As(err, &refusal) || refusal.Limit != test.limit {
				t.Fatalf("got %v, want a refusal for %s", err, test.limit)
			}
			if b.Fingerprint(t) != before {
				t.Error("something was written")
			}
			if _, err := b.pass(t, reconcile.Options{AllowRevokes: true}); err != nil {
				t.Errorf("with AllowRevokes: %v", err)
			}
		})
	}
}

// The limits were checked with what the scan saw: what a team would lose since
// then is left to the next pass, and its limits.
func TestAPassTakesNothingThatItsScanDidNotSee(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]string{
		"groups are emptied":  `UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{}'`,
		"groups are deleted":  `DELETE FROM {schema}."LiteLLM_AccessGroupTable"`,
		"teams are deleted":   `DELETE FROM {schema}."LiteLLM_TeamTable"`,
		"groups are detached": `UPDATE {schema}."LiteLLM_TeamTable" SET access_group_ids = '{}'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_83_14)
			b.config.BatchSize, b.config.Concurrency = 10, 1
			b.Group(t, "general", "github")
			for i := range 50 {
				b.Team(t, fmt.Sprintf("t%02d", i), "general")
			}
			b.repair(t)
			b.SetGroup(t, "general", "github", "jira") // every team drifts, none loses
			report, err := b.pass(t, reconcile.Options{Progress: func(done, _ int) {
				if done == 20 {
					b.Exec(t, edit)
				}
			}})
			if err != nil || report.Done.Teams != 20 || report.Done.Skipped[reconcile.Moved] != 30 {
				t.Fatalf("%v, %+v, want 20 repaired and 30 left to the next pass", err, report.Done)
			}
			if n := pgtest.Scalar[int](t, b.Database, `SELECT count(*)::int FROM {schema}."LiteLLM_ObjectPermissionTable"
				WHERE 'github' = ANY (mcp_servers)`); n != 50 {
				t.Errorf("%d of 50 rows kept their servers", n)
			}
			if n := pgtest.Scalar[int](t, b.Database, `SELECT count(*)::int FROM litellm_reconciler.grants`); n != 50 {
				t.Errorf("the ledger remembers %d of 50 teams", n)
			}
			var refusal *plan.Refusal
			if _, err := b.pass(t, reconcile.Options{}); !errors.As(err, &refusal) {
				t.Errorf("the next pass: %v, want a refusal", err)
			}
		})
	}
}

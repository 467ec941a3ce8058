package reconcile_test

import (
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
)

// From so many rows on all shared ones are looked for, and not those of a list.
func TestASharedRowIsSeenAmongVeryManyDriftedOnes(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.many(t, 10_001)
	b.Exec(t, `INSERT INTO {schema}."LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers)
		SELECT 'row of ' || team_id, '{own}' FROM {schema}."LiteLLM_TeamTable"`)
	b.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET object_permission_id = 'row of ' || team_id`)
	b.Own(t, "LiteLLM_VerificationToken", "row of team-010001")
	report, err := b.pass(t, reconcile.Options{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if d := report.Found.Drift; d[plan.MissingServers] != 10_001 || d[plan.SharedRow] != 1 {
		t.Errorf("got %v, want 10001 drifted, one of them shared", d)
	}
}

package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
)

// owners makes n teams with a group each, t0 of g0 and so on, all repaired.
func owners(t *testing.T, n int) *reactor {
	t.Helper()
	b := setup(t, pgtest.V1_83_14)
	for i := range n {
		b.Group(t, fmt.Sprint("g", i), "github", "jira")
		b.Team(t, fmt.Sprint("t", i), fmt.Sprint("g", i))
	}
	r := b.reactor(t)
	r.passed(t)
	return r
}

// passed makes a pass that no limit may refuse.
func (r *reactor) passed(t *testing.T) {
	t.Helper()
	if _, err := r.passAll(t); err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsTakenAwayOnceALimitIsExceededAndTheRestIsRepaired(t *testing.T) {
	t.Parallel()
	r := owners(t, 40)
	r.config.Guard.MaxCeilingsRemoved = 5 // which teams that are held do not count against
	r.Exec(t, `UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{}' WHERE access_group_id NOT IN ('g0', 'g1')`)
	r.SetGroup(t, "g0", "github", "jira", "slack")

	reaction := r.reacted(t, 38)

	if reaction.Held != 38 || reaction.Refusal == nil || reaction.Refusal.Limit != plan.RevokedFraction || reaction.Done.Revoked != 0 {
		t.Errorf("%+v", reaction)
	}
	r.wantServers(t, "t0", "github", "jira", "slack")
	r.wantServers(t, "t2", "github", "jira")
	// A single one of them is within the limits, but it is part of all that.
	r.reacted(t, 38)
	if _, err := r.passAll(t); err == nil {
		t.Error("the pass was not refused")
	}
	r.reacted(t, 38)
	r.Exec(t, `UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{github,jira}' WHERE access_group_id NOT IN ('g0', 'g2')`)
	r.SetGroup(t, "g2", "jira")
	r.passed(t)
	r.reacted(t, 0)
	r.wantServers(t, "t2", "jira")
}

func TestTheLimitHoldsForEventsThatComeOneAtATime(t *testing.T) {
	t.Parallel()
	r := owners(t, 40)
	for i := range 10 { // a quarter of them, some more than once
		r.SetGroup(t, fmt.Sprint("g", i), "jira")
		r.reacted(t, 0)
		r.SetGroup(t, fmt.Sprint("g", i))
		r.reacted(t, 0)
		r.now = r.now.Add(time.Second)
	}
	r.SetGroup(t, "g10", "jira")
	if reaction := r.reacted(t, 1); reaction.Held != 1 {
		t.Errorf("%+v", reaction)
	}
	r.SetGroup(t, "g11", "github", "jira", "slack") // takes nothing away
	r.reacted(t, 1)
	r.wantServers(t, "t11", "github", "jira", "slack")
	r.passed(t) // and a single team is no reason to refuse it
	r.wantServers(t, "t10", "jira")
	r.reacted(t, 0)

	r.SetGroup(t, "g12", "jira")
	r.reacted(t, 1)
	r.passed(t)
	r.now = r.now.Add(11 * time.Minute)
	r.survey(t)
	r.SetGroup(t, "g13", "jira")
	r.reacted(t, 0)
	r.wantServers(t, "t13", "jira")
}

func TestDeletedTeamsCountAsTeamsThatLose(t *testing.T) {
	t.Parallel()
	r := owners(t, 20)
	r.Exec(t, `DELETE FROM {schema}."LiteLLM_TeamTable" WHERE team_id NOT IN ('t0', 't1')`)
	reaction := r.reacted(t, 18)
	if reaction.Held != 18 {
		t.Errorf("%+v", reaction)
	}
	if n := pgtest.Scalar[int](t, r.Database, `SELECT count(*) FROM litellm_reconciler.grants`); n != 20 {
		t.Errorf("the ledger holds %d teams", n)
	}
}

func TestAnEmptyGroupTableTakesNothingAway(t *testing.T) {
	t.Parallel()
	r := owners(t, 3)
	r.Exec(t, `DELETE FROM {schema}."LiteLLM_AccessGroupTable"`)
	if reaction := r.reacted(t, 3); reaction.Refusal == nil || reaction.Refusal.Limit != plan.EmptySource {
		t.Errorf("%+v", reaction)
	}
	r.wantServers(t, "t1", "github", "jira")
}

func TestCeilingsAreLimitedForEventsToo(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.Guard.MaxCeilingsCreated = 2
	b.Group(t, "dev", "github")
	r := b.reactor(t)
	for i := range 2 {
		r.Team(t, fmt.Sprint("t", i), "dev")
		r.reacted(t, 0)
	}
	r.Team(t, "t2", "dev")
	if reaction := r.reacted(t, 1); reaction.Refusal == nil || reaction.Refusal.Limit != plan.CeilingsCreated {
		t.Errorf("%+v", reaction)
	}
}

func TestCeilingsAreLimitedAlsoWhileALimitKeepsTeamsFromLosing(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.Guard.MaxCeilingsCreated = 2
	b.config.Guard.MinRevokedTeams = 1
	b.Group(t, "dev", "github", "jira")
	b.Team(t, "t0", "dev")
	r := b.reactor(t)
	r.SetGroup(t, "dev", "github")
	if reaction := r.reacted(t, 1); reaction.Refusal == nil || reaction.Refusal.Limit != plan.RevokedFraction {
		t.Fatalf("%+v", reaction)
	}
	r.Group(t, "ops", "k8s")
	for i := range 2 {
		r.Team(t, fmt.Sprint("new ", i), "ops")
		r.reacted(t, 1)
		r.wantServers(t, fmt.Sprint("new ", i), "k8s")
	}
	r.Team(t, "new 2", "ops")
	if reaction := r.reacted(t, 2); reaction.Refusal == nil || reaction.Refusal.Limit != plan.CeilingsCreated {
		t.Errorf("%+v", reaction)
	}
	r.reacted(t, 2)
	r.wantServers(t, "t0", "github", "jira")
}

func TestAPassThatWasAllowedToRevokeEndsARefusal(t *testing.T) {
	t.Parallel()
	r := owners(t, 40)
	r.Exec(t, `UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{github}' WHERE access_group_id NOT IN ('g0', 'g1')`)
	r.reacted(t, 38)
	if _, err := r.reconciler().Pass(t.Context(), reconcile.Options{Trigger: "test", Standing: r.standing, AllowRevokes: true}); err != nil {
		t.Fatal(err)
	}
	r.reacted(t, 0)
	r.SetGroup(t, "g0", "github")
	r.reacted(t, 0)
	r.wantServers(t, "t0", "github")
}

// Also where no event heard of what the pass saw.
func TestWhatAPassWasRefusedNoEventTakesAway(t *testing.T) {
	t.Parallel()
	r := owners(t, 40)
	r.Exec(t, `SET session_replication_role = replica;
		UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{}' WHERE access_group_id NOT IN ('g0', 'g1');
		RESET session_replication_role`)
	if _, err := r.passAll(t); err == nil {
		t.Fatal("the pass was not refused")
	}
	r.SetGroup(t, "g0", "jira")
	if reaction := r.reacted(t, 1); reaction.Held != 1 {
		t.Errorf("%+v", reaction)
	}
	r.wantServers(t, "t0", "github", "jira")
}

func TestCeilingsThatAreRemovedAreLimitedForEventsToo(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.Guard.MaxCeilingsRemoved = 2
	for i := range 4 {
		b.Group(t, fmt.Sprint("g", i), "github")
		b.Team(t, fmt.Sprint("t", i), fmt.Sprint("g", i))
	}
	b.Group(t, "there is always one")
	r := b.reactor(t)
	r.passed(t)
	for i := range 2 {
		r.SetGroup(t, fmt.Sprint("g", i))
		r.reacted(t, 0)
	}
	r.SetGroup(t, "g2")
	if reaction := r.reacted(t, 1); reaction.Refusal == nil || reaction.Refusal.Limit != plan.CeilingsRemoved {
		t.Errorf("%+v", reaction)
	}
	r.wantServers(t, "t2", "github")
	r.passed(t)
	r.now = r.now.Add(11 * time.Minute) // by then the others count no more
	r.survey(t)
	r.SetGroup(t, "g3")
	r.reacted(t, 0)
	if got := r.Servers(t, "t3"); len(got) != 0 {
		t.Errorf("team t3 has %v", got)
	}
}

func TestATeamThatComesAloneIsHeldOnceALimitIsExceeded(t *testing.T) {
	t.Parallel()
	r := owners(t, 40)
	r.Exec(t, `UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{}' WHERE access_group_id NOT IN ('g0', 'g1')`)
	if err := r.Retry(t.Context(), r.reacted(t, 38).Left); err != nil {
		t.Fatal(err)
	}
	r.Exec(t, `UPDATE litellm_reconciler.pending SET due_at = due_at + interval '1 hour'`)
	r.SetGroup(t, "g0", "jira")
	items := r.take(t)
	reaction, err := r.react(t, items)
	if err != nil || len(items) != 1 || reaction.Held != 1 {
		t.Errorf("%d taken, %+v, %v", len(items), reaction, err)
	}
	r.wantServers(t, "t0", "github", "jira")
}

func TestTeamsThatThePassGaveTheirFirstEntriesCountAsOwning(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	for i := range 40 {
		b.Group(t, fmt.Sprint("g", i), "github")
		b.Team(t, fmt.Sprint("t", i), fmt.Sprint("g", i))
	}
	r := b.reactor(t)
	r.Exec(t, `UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{jira}' WHERE access_group_id < 'g18'`) // g0, g1, g10 to g17
	if reaction := r.reacted(t, 0); reaction.Done.Revoked != 10 {
		t.Errorf("%+v", reaction)
	}
}

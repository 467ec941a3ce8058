package reconcile_test

import (
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/plan"
)

// That is an event itself, which no survey can have foreseen.
func TestARowThatATeamIsPointedAtIsNotWrittenIfItIsAnothers(t *testing.T) {
	t.Parallel()
	for _, table := range pgtest.OwnerTables(pgtest.V1_83_14) {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_83_14)
			b.Group(t, "dev", "github")
			b.Team(t, "team", "dev")
			r := b.reactor(t)
			r.Row(t, "stranger's", "direct")
			r.Own(t, table, "stranger's")
			r.LinkTeam(t, "team", "stranger's")
			r.reacted(t, 0)
			r.wantServers(t, "team", "direct", "github")
			if r.RowID(t, "team") == "stranger's" {
				t.Error("the stranger got what the team's groups grant")
			}
		})
	}
}

func TestASurveyThatIsTooOldIsNotReliedOn(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.many(t, 3)
	r := b.reactor(t)
	r.SetGroup(t, "general", "jira")
	items := r.take(t)
	r.now = r.now.Add(5*time.Minute + time.Second)
	if _, err := r.react(t, items); err == nil || r.standing.Known(r.now) {
		t.Error("repaired, not knowing who owns what by now")
	}
	r.wantQueue(t, 3)
	r.survey(t)
	r.reacted(t, 0)
}

func TestARowThatIsSharedStaysSoBesideOneThatCameToBe(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "dev", "github")
	b.team(t, "direct")
	r := b.reactor(t)
	r.Own(t, "LiteLLM_VerificationToken", r.RowID(t, "team"))
	r.survey(t)
	r.Row(t, "stranger's")
	r.Own(t, "LiteLLM_VerificationToken", "stranger's")
	r.Team(t, "other", "general")
	r.LinkTeam(t, "other", "stranger's")
	r.SetGroup(t, "general", "jira")
	if reaction := r.reacted(t, 0); reaction.Done.Repaired[plan.SharedRow] != 2 {
		t.Errorf("%+v", reaction.Done)
	}
	if r.RowID(t, "team") == "row" || r.RowID(t, "other") == "stranger's" {
		t.Error("what another one owns was written")
	}
}

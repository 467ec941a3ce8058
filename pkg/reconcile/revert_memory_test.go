package reconcile_test

import (
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/reconcile"
)

// LiteLLM writes a row whole, as it read it a moment before, and so brings back
// what a revert took out.
func TestWhatLiteLLMWritesBackIsTakenOutByThePassOrTheNextRevert(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]bool{"after a revert of a run": true, "after a revert of all": false} {
		for by, again := range map[string]func(*testing.T, *bundle){
			"a pass":   func(t *testing.T, b *bundle) { t.Helper(); b.SetTeamGroups(t, "team"); b.repair(t) },
			"a revert": func(t *testing.T, b *bundle) { t.Helper(); b.revert(t, reconcile.Scope{}) },
		} {
			t.Run(by+" "+name, func(t *testing.T) {
				t.Parallel()
				b := setup(t, pgtest.V1_83_14)
				b.team(t, "wiki")
				b.repair(t)
				scope := reconcile.Scope{}
				if run {
					scope.Run = b.lastRun(t)
				}
				b.revert(t, scope)
				b.wantServers(t, "team", "wiki")
				b.SetServers(t, "row", "wiki", "github")
				again(t, b)
				b.wantServers(t, "team", "wiki")
			})
		}
	}
}

// An hour later it was no late write.
func TestAnAdministratorsGrantLongAfterARevertStays(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "wiki")
	b.repair(t)
	b.revert(t, reconcile.Scope{})
	b.SetTeamGroups(t, "team")
	b.Exec(t, `UPDATE litellm_reconciler.grants SET revoked_at = revoked_at - interval '61 minutes'`)
	b.SetServers(t, "row", "wiki", "github")
	b.repair(t)
	b.wantServers(t, "team", "wiki", "github")
	b.revert(t, reconcile.Scope{})
	b.wantServers(t, "team", "wiki", "github")
}

// What a run granted and a revert took out, a later pass grants again: that is
// another grant, to be taken back on its own.
func TestWhatIsGrantedAgainCanBeTakenBackAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "wiki")
	b.repair(t)
	first := b.lastRun(t)
	b.revert(t, reconcile.Scope{Run: first})
	b.repair(t)
	b.wantServers(t, "team", "wiki", "github")
	b.revert(t, reconcile.Scope{Run: b.lastRun(t)})
	b.wantServers(t, "team", "wiki")
}

// A later run that grants something else does not hide what this one granted.
func TestARunIsTakenBackThoughALaterOneGrantedMore(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "wiki")
	b.repair(t)
	first := b.lastRun(t)
	b.SetGroup(t, "general", "github", "jira")
	b.repair(t)
	b.revert(t, reconcile.Scope{Run: first})
	b.wantServers(t, "team", "wiki", "jira")
}

// After a revert of a run the ledger must not tell the next scan that all is
// well, whatever the groups grant by then.
func TestARevertOfARunDoesNotHideDrift(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "wiki")
	b.repair(t)
	b.SetGroup(t, "general", "github", "jira")
	b.repair(t)
	b.revert(t, reconcile.Scope{Run: b.lastRun(t)})
	b.SetGroup(t, "general")
	b.repair(t)
	b.wantServers(t, "team", "wiki")
}

// An entry that an administrator took out of the row himself is owned no longer
// once its run is taken back, so that he may give it back.
func TestARevertOfARunForgetsWhatIsGoneFromTheRow(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "wiki")
	b.repair(t)
	b.SetGroup(t, "general", "github", "jira")
	b.repair(t)
	b.SetServers(t, "row", "wiki", "github")
	b.revert(t, reconcile.Scope{Run: b.lastRun(t)})
	owned := pgtest.Scalar[[]string](t, b.Database, `SELECT servers FROM litellm_reconciler.grants`)
	if len(owned) != 1 || owned[0] != "github" {
		t.Errorf("the ledger owns %v", owned)
	}
}

func TestARevertOfARunKeepsTheEntryOfATeamThatHasAnotherRow(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "wiki")
	b.repair(t)
	run := b.lastRun(t)
	b.Row(t, "other")
	b.LinkTeam(t, "team", "other")
	if p := b.propose(t, reconcile.Scope{Run: run}); p.Len() != 0 {
		t.Errorf("%d teams to be written", p.Len())
	}
}

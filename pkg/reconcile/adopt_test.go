package reconcile_test

import (
	"slices"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/reconcile"
)

func (b *bundle) adopt(t *testing.T, team string) reconcile.Outcome {
	t.Helper()
	p, err := b.reconciler().ProposeAdoption(t.Context(), team, func(reconcile.Proposal) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := b.reconciler().Adopt(t.Context(), p, reconcile.Options{Trigger: "adopt"})
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

func TestAdoptedEntriesGoWithTheirGroup(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "wiki", "github") // repaired by hand before
	before := b.Fingerprint(t)
	if outcome := b.adopt(t, ""); outcome.Adopted != 1 || outcome.Teams != 1 {
		t.Errorf("got %+v", outcome)
	}
	if b.Fingerprint(t) != before {
		t.Error("an adoption wrote to LiteLLM's tables")
	}
	if outcome := b.adopt(t, ""); outcome.Teams != 0 {
		t.Errorf("a second adoption wrote %d teams", outcome.Teams)
	}
	b.repair(t)
	b.SetTeamGroups(t, "team")
	b.repair(t)
	b.wantServers(t, "team", "wiki")
}

// An adoption writes the ledger's fingerprints too: they must not tell the next
// scan that all is well.
func TestAnAdoptionDoesNotHideDrift(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github", "jira")
	b.Group(t, "former", "mail")
	b.Team(t, "missing", "general")
	b.Row(t, "row", "github")
	b.LinkTeam(t, "missing", "row")
	b.Team(t, "excess", "general", "former")
	b.repair(t)
	b.SetTeamGroups(t, "excess", "general")                  // mail is to go
	b.SetServers(t, b.RowID(t, "excess"), "mail", "github")  // jira is to come back
	b.SetServers(t, b.RowID(t, "missing"), "wiki", "github") // jira is to come back
	b.Exec(t, `DELETE FROM litellm_reconciler.grants WHERE team_id = 'missing'`)
	b.adopt(t, "")
	b.repair(t)
	b.wantServers(t, "missing", "wiki", "github", "jira")
	b.wantServers(t, "excess", "github", "jira")
}

func TestAnAdoptionKeepsToTheSelectionAndToTheTeam(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	for _, team := range []string{"a", "b", "c"} {
		b.Team(t, team, "general")
		b.Row(t, "row of "+team, "github")
		b.LinkTeam(t, team, "row of "+team)
	}
	owning := func() []string {
		return pgtest.Scalar[[]string](t, b.Database, `SELECT coalesce(array_agg(team_id ORDER BY team_id), '{}') FROM litellm_reconciler.grants`)
	}
	b.config.Selection.ExcludeTeams = []string{"c"}
	b.adopt(t, "a")
	if got := owning(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("adopted of %v, want a", got)
	}
	b.adopt(t, "")
	if got := owning(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("adopted of %v, want a and b", got)
	}
}

// To take back an adoption is to give the entries back, not to take them out.
func TestARevertedAdoptionLeavesTheEntriesToTheAdministrator(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "github")
	b.adopt(t, "")
	before := b.Fingerprint(t)
	if outcome := b.revert(t, reconcile.Scope{Run: b.lastRun(t)}); outcome.Disowned != 1 || outcome.Adopted+outcome.Revoked != 0 {
		t.Errorf("got %+v", outcome)
	}
	if b.Fingerprint(t) != before {
		t.Error("the row was written")
	}
	b.SetTeamGroups(t, "team")
	b.repair(t)
	b.wantServers(t, "team", "github")
}

func TestABusyTeamIsAdoptedLater(t *testing.T) {
	t.Parallel()
	for name, lock := range map[string]string{
		"a row being written":         `UPDATE "LiteLLM_ObjectPermissionTable" SET vector_stores = '{v}'`,
		"a team being deleted":        `SELECT FROM "LiteLLM_TeamTable" FOR UPDATE`,
		"LiteLLM's own advisory lock": `SELECT pg_advisory_xact_lock(hashtext('team'))`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_83_14)
			b.team(t, "github")
			other := b.hold(t, lock)
			if outcome := b.adopt(t, ""); outcome.Skipped[reconcile.Busy] != 1 || outcome.Teams != 0 {
				t.Errorf("got %+v, want one busy team", outcome)
			}
			if err := other.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			if outcome := b.adopt(t, ""); outcome.Adopted != 1 {
				t.Errorf("got %+v", outcome)
			}
		})
	}
}

// An adoption is about the row that was shown.
func TestATeamThatGotAnotherRowIsNotAdopted(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "github")
	p, err := b.reconciler().ProposeAdoption(t.Context(), "", func(reconcile.Proposal) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	b.Row(t, "other", "github")
	b.LinkTeam(t, "team", "other")
	outcome, err := b.reconciler().Adopt(t.Context(), p, reconcile.Options{Trigger: "adopt"})
	if err != nil || outcome.Skipped[reconcile.Moved] != 1 || outcome.Adopted != 0 {
		t.Errorf("got %+v, %v", outcome, err)
	}
}

// What was owned of a row that the team no longer has does not count.
func TestAnAdoptionGoesByTheRowThatTheTeamHas(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t)
	b.repair(t)
	b.Row(t, "by hand", "github")
	b.LinkTeam(t, "team", "by hand")
	b.Team(t, "without groups")
	b.Row(t, "direct", "github")
	b.LinkTeam(t, "without groups", "direct")
	if outcome := b.adopt(t, ""); outcome.Adopted != 1 || outcome.Teams != 1 {
		t.Errorf("got %+v", outcome)
	}
	b.revert(t, reconcile.Scope{})
	b.wantServers(t, "team")
	b.wantServers(t, "without groups", "github")
}

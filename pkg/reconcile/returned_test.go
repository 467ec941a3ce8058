package reconcile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/reconcile"
)

// A team has a row of ours, then LiteLLM gives it another one, and then, by an
// administrator who was late, the first one back.
func TestWhatWasGrantedInARowThatATeamComesBackToIsStillOwned(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		first  func(*testing.T, *bundle) // to the first row, before the team gets another one
		before []string                  // what an administrator writes into it with that
		want   []string                  // once the group grants github alone
	}{
		"granted":                   {nil, []string{"github", "jira", "direct"}, []string{"github", "direct"}},
		"granted, and gone":         {nil, []string{"direct"}, []string{"direct", "github"}},
		"taken out before":          {takenOut, []string{"github", "jira", "slack"}, []string{"github", "slack"}},
		"adopted":                   {adopted, []string{"own", "github", "jira"}, []string{"github"}},
		"adopted, then given back":  {disowned, []string{"own", "github", "jira"}, []string{"own", "github"}},
		"of a row that was shared":  {shared, []string{"github", "jira", "direct"}, []string{"github", "direct"}},
		"granted with an empty row": {func(t *testing.T, b *bundle) { b.SetGroup(t, "dev") }, []string{"jira"}, []string{"jira", "github"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_88)
			b.Group(t, "dev", "github", "jira")
			b.Team(t, "team", "dev")
			b.repair(t)
			if test.first != nil {
				test.first(t, b)
				b.repair(t)
			}
			first := b.RowID(t, "team")
			b.Row(t, "other", "elsewhere")
			b.LinkTeam(t, "team", "other")
			b.repair(t)
			b.SetServers(t, first, test.before...)
			b.LinkTeam(t, "team", first)
			b.repair(t)
			b.Exec(t, `UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = CASE access_group_id WHEN 'dev' THEN '{github}' ELSE '{}' END::text[]`)

			if report := b.repair(t); report.Done.Skipped[reconcile.Moved] != 0 {
				t.Errorf("%+v", report.Done)
			}

			if diff := cmp.Diff(test.want, b.Servers(t, "team")); diff != "" {
				t.Error(diff)
			}
			if report := b.repair(t); report.Done.Teams+report.Done.Settled != 0 {
				t.Errorf("it does not come to rest: %+v", report.Done)
			}
		})
	}
}

// takenOut has slack granted and taken out again, so that it is an administrator's who writes it.
func takenOut(t *testing.T, b *bundle) {
	t.Helper()
	b.SetGroup(t, "dev", "github", "jira", "slack")
	b.repair(t)
	b.SetGroup(t, "dev", "github", "jira")
}

func adopted(t *testing.T, b *bundle) {
	t.Helper()
	b.SetServers(t, b.RowID(t, "team"), "own", "github", "jira")
	b.Group(t, "own", "own")
	b.SetTeamGroups(t, "team", "dev", "own")
	b.repair(t)
	b.adopt(t, "team")
}

func disowned(t *testing.T, b *bundle) {
	t.Helper()
	adopted(t, b)
	b.revert(t, reconcile.Scope{Run: b.lastRun(t)})
}

func shared(t *testing.T, b *bundle) {
	t.Helper()
	b.Own(t, "LiteLLM_VerificationToken", b.RowID(t, "team"))
	b.SetGroup(t, "dev", "github", "jira", "slack")
	b.repair(t)
	b.SetGroup(t, "dev", "github", "jira")
}

// What an administrator takes out while no group grants it any more is nobody's:
// a change of no row, which the change log does not have.
func TestWhatWasGivenByHandInARowThatATeamComesBackToStays(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_88)
	b.Group(t, "dev", "github", "jira")
	b.Team(t, "team", "dev")
	b.repair(t)
	first := b.RowID(t, "team")
	b.SetGroup(t, "dev", "github")
	b.SetServers(t, first, "github")
	b.repair(t)
	b.Exec(t, "UPDATE litellm_reconciler.grants SET revoked_at = revoked_at - interval '2 hours'")
	b.SetServers(t, first, "github", "jira") // given by hand
	b.repair(t)
	b.Row(t, "other", "elsewhere")
	b.LinkTeam(t, "team", "other")
	b.repair(t)
	b.LinkTeam(t, "team", first)

	b.repair(t)

	if diff := cmp.Diff([]string{"github", "jira"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

// What came back in between and was granted again is owned, and no row was
// written for it.
func TestWhatCameBackAndWasGrantedAgainIsOwnedInARowThatATeamComesBackTo(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_88)
	b.team(t, "own")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	b.repair(t)
	b.SetServers(t, "row", "own", "github")
	b.SetTeamGroups(t, "team", "general")
	b.repair(t)
	b.Row(t, "other", "elsewhere")
	b.LinkTeam(t, "team", "other")
	b.repair(t)
	b.LinkTeam(t, "team", "row")
	b.SetTeamGroups(t, "team")

	b.repair(t)

	if diff := cmp.Diff([]string{"own"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

package reconcile_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/plan"
)

func TestTeamsOfTheIssueGetTheirServers(t *testing.T) {
	t.Parallel()
	for _, v := range pgtest.Versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			b := setup(t, v)
			b.Group(t, "general", "github", "jira")
			b.Group(t, "more", "jira", "wiki")
			b.Team(t, "users-local", "general", "more")
			b.Team(t, "no-groups")

			report := b.repair(t)

			if diff := cmp.Diff([]string{"github", "jira", "wiki"}, b.Servers(t, "users-local")); diff != "" {
				t.Error(diff)
			}
			if got := b.RowID(t, "no-groups"); got != "" {
				t.Errorf("a team without groups got row %s", got)
			}
			if got := report.Found.Drift[plan.MissingRow]; got != 1 {
				t.Errorf("missing rows: %d, want 1", got)
			}
		})
	}
}

func TestASecondPassWritesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github", "jira")
	b.Team(t, "a", "general")
	b.Team(t, "b", "general", "nowhere")
	b.Row(t, "row-b", "own")
	b.LinkTeam(t, "b", "row-b")
	b.repair(t)
	before := b.Fingerprint(t)

	report := b.repair(t)

	if after := b.Fingerprint(t); after != before {
		t.Error("the second pass wrote something")
	}
	if report.Found.Examined != 0 || report.Done.Teams != 0 {
		t.Errorf("the second pass found something to do: %+v", report)
	}
	if report.Found.Dangling != 1 {
		t.Errorf("dangling references: %d, want 1", report.Found.Dangling)
	}
}

func TestWhatWasFoundStaysInTheReportOnceItIsRepaired(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "a", "general")
	b.repair(t)
	b.SetServers(t, b.RowID(t, "a"), "github", "own") // stale, and before the others
	for _, team := range []string{"b", "c", "d"} {
		b.Team(t, team, "general")
	}

	report := b.repair(t)

	if report.Done.Settled != 1 || report.Done.Teams != 3 {
		t.Fatalf("%+v", report.Done)
	}
	var found []string
	for target := range report.Found.Drifted.All() {
		found = append(found, target.Team)
	}
	slices.Sort(found)
	if diff := cmp.Diff([]string{"b", "c", "d"}, found); diff != "" {
		t.Error(diff)
	}
}

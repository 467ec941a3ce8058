package reconcile_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
)

func TestServersFollowTheGroups(t *testing.T) {
	t.Parallel()
	steps := []struct {
		name   string
		edit   func(t *testing.T, b *bundle)
		policy map[plan.Policy][]string
	}{
		{"first pass", func(*testing.T, *bundle) {},
			map[plan.Policy][]string{
				plan.Managed:  {"own", "github", "jira", "wiki"},
				plan.Additive: {"own", "github", "jira", "wiki"},
				plan.Exact:    {"github", "jira", "wiki"},
			}},
		{"one of two groups that grant github is detached", func(t *testing.T, b *bundle) { b.SetTeamGroups(t, "team", "two") },
			map[plan.Policy][]string{
				plan.Managed:  {"own", "github", "wiki"},
				plan.Additive: {"own", "github", "jira", "wiki"},
				plan.Exact:    {"github", "wiki"},
			}},
		{"the group is edited", func(t *testing.T, b *bundle) { b.SetGroup(t, "two", "wiki", "mail") },
			map[plan.Policy][]string{
				plan.Managed:  {"own", "wiki", "mail"},
				plan.Additive: {"own", "github", "jira", "wiki", "mail"},
				plan.Exact:    {"wiki", "mail"},
			}},
		{"a granted entry is removed by hand", func(t *testing.T, b *bundle) { b.SetServers(t, b.RowID(t, "team"), "own", "mail") },
			map[plan.Policy][]string{
				plan.Managed:  {"own", "mail", "wiki"},
				plan.Additive: {"own", "mail", "wiki"},
				plan.Exact:    {"mail", "wiki"},
			}},
		{"the group is deleted", func(t *testing.T, b *bundle) { b.DeleteGroup(t, "two") },
			map[plan.Policy][]string{
				plan.Managed:  {"own"},
				plan.Additive: {"own", "mail", "wiki"},
				plan.Exact:    {},
			}},
	}
	for _, policy := range []plan.Policy{plan.Managed, plan.Additive, plan.Exact} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_83_14)
			b.config.Policy = policy
			b.Group(t, "one", "github", "jira")
			b.Group(t, "two", "github", "wiki")
			b.Group(t, "unused", "x")
			b.Team(t, "team", "one", "two")
			b.Row(t, "row", "own")
			b.LinkTeam(t, "team", "row")
			for _, step := range steps {
				step.edit(t, b)
				b.repair(t)
				if diff := cmp.Diff(step.policy[policy], b.Servers(t, "team")); diff != "" {
					t.Fatalf("%s: %s", step.name, diff)
				}
				before := b.Fingerprint(t)
				if r := b.repair(t); b.Fingerprint(t) != before || r.Done.Settled != 0 {
					t.Fatalf("%s: a second pass wrote something", step.name)
				}
			}
		})
	}
}

// An entry that was there before us is the administrator's, even if a group
// grants it too: detaching the group does not take it away.
func TestAnEntryThatWasThereBeforeStays(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github", "jira")
	b.Team(t, "team", "general")
	b.Row(t, "row", "github")
	b.LinkTeam(t, "team", "row")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	b.repair(t)
	if diff := cmp.Diff([]string{"github"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

// What an administrator took out himself is forgotten: given back by hand
// later, it is his.
func TestARevokedEntryThatIsGoneAlreadyIsForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	b.SetServers(t, b.RowID(t, "team"))
	b.repair(t)
	b.SetServers(t, b.RowID(t, "team"), "github")
	b.repair(t)
	if diff := cmp.Diff([]string{"github"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

func TestATeamThatLiteLLMDeletedIsForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.Team(t, "other", "general")
	b.repair(t)
	b.DeleteTeam(t, "team")
	report := b.repair(t)
	if got := report.Done.Skipped[reconcile.Gone]; got != 1 {
		t.Errorf("gone: %d, want 1", got)
	}
	if n := pgtest.Scalar[int](t, b.Database, "SELECT count(*)::int FROM litellm_reconciler.grants"); n != 1 {
		t.Errorf("the ledger has %d teams, want 1", n)
	}
}

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
			b.config.BatchSize = 10
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

// LiteLLM reads a row, merges and writes it whole, without a lock
// (handle_update_object_permission_common): it can bring back what was revoked.
func TestARevokedEntryThatLiteLLMWritesBackIsTakenOutOnceMore(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.Row(t, "row", "own")
	b.LinkTeam(t, "team", "row")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	want := func(step string, servers ...string) {
		t.Helper()
		b.repair(t)
		if diff := cmp.Diff(servers, b.Servers(t, "team")); diff != "" {
			t.Fatalf("%s: %s", step, diff)
		}
	}
	later := func() {
		b.Exec(t, "UPDATE litellm_reconciler.grants SET revoked_at = revoked_at - interval '2 minutes'")
	}
	want("detached", "own")
	b.SetServers(t, "row", "own", "github")
	want("written back at once", "own")
	b.SetServers(t, "row", "own", "github")
	want("written back at once, again", "own")
	later()
	b.SetServers(t, "row", "own", "github")
	want("written back, but seen only later", "own")
	b.SetServers(t, "row", "own", "github")
	want("given once more", "own", "github")

	b.SetServers(t, "row", "own")
	b.SetTeamGroups(t, "team", "general")
	want("attached", "own", "github")
	b.SetTeamGroups(t, "team")
	want("detached", "own")
	later()
	want("seen without it a minute later", "own")
	b.SetServers(t, "row", "own", "github")
	want("given by hand", "own", "github")
}

// What we own is owned in a row; a row that somebody else made for the team is
// theirs.
func TestNothingIsOwnedInARowThatTheTeamGotFromElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.repair(t)
	b.Row(t, "theirs", "github")
	b.LinkTeam(t, "team", "theirs")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	b.repair(t)
	if diff := cmp.Diff([]string{"github"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

func TestAnotherPolicyLooksAtEveryTeamAnew(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.Row(t, "row", "own")
	b.LinkTeam(t, "team", "row")
	b.repair(t)
	b.config.Policy = plan.Exact
	b.repair(t)
	if diff := cmp.Diff([]string{"github"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

// Under exact a team that has been seen with groups stays ours.
func TestExactEmptiesARowThatWasRightFromTheStart(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.Policy = plan.Exact
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.Row(t, "row", "github")
	b.LinkTeam(t, "team", "row")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	b.repair(t)
	if diff := cmp.Diff([]string{}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

// A row that holds more than the groups grant is read in full once, not always.
func TestARowInSyncIsRememberedAsSuch(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.Row(t, "row", "own")
	b.LinkTeam(t, "team", "row")
	b.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_servers = '{own,NULL,github}'`)
	before := b.Fingerprint(t)
	for i, want := range []int{1, 0, 0} {
		r := b.repair(t)
		if r.Found.Examined != want || r.Done.Settled != want {
			t.Errorf("pass %d examined %d and settled %d, want %d", i, r.Found.Examined, r.Done.Settled, want)
		}
	}
	if b.Fingerprint(t) != before {
		t.Error("LiteLLM's tables were written")
	}
}

func TestASelectionLeavesOtherTeamsAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		selection reconcile.Selection
		want      []string
	}{
		{"by id", reconcile.Selection{IncludeTeams: []string{"a"}}, []string{"a"}},
		{"by alias", reconcile.Selection{IncludeTeams: []string{"alias of b"}}, []string{"b"}},
		{"but not", reconcile.Selection{ExcludeTeams: []string{"a", "alias of b"}}, []string{"c"}},
		{"exclude wins", reconcile.Selection{IncludeTeams: []string{"a", "b"}, ExcludeTeams: []string{"a"}}, []string{"b"}},
		{"organization", reconcile.Selection{IncludeOrganizations: []string{"org"}}, []string{"c"}},
		{"organization by alias", reconcile.Selection{IncludeOrganizations: []string{"alias of org"}}, []string{"c"}},
		{"unknown organization", reconcile.Selection{IncludeOrganizations: []string{"nowhere"}}, nil},
		{"unknown team", reconcile.Selection{IncludeTeams: []string{"nowhere"}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_83_14)
			b.config.Selection = test.selection
			b.Group(t, "general", "github")
			for _, id := range []string{"a", "b", "c"} {
				b.Team(t, id, "general")
			}
			b.Row(t, "row-org")
			org := b.Own(t, "LiteLLM_OrganizationTable", "row-org")
			b.Exec(t, `UPDATE {schema}."LiteLLM_OrganizationTable" SET organization_id = 'org', organization_alias = 'alias of org' WHERE organization_id = $1`, org)
			b.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET team_alias = 'alias of ' || team_id,
				organization_id = CASE WHEN team_id = 'c' THEN 'org' END`)
			b.repair(t)
			var got []string
			for _, id := range []string{"a", "b", "c"} {
				if b.RowID(t, id) != "" {
					got = append(got, id)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("repaired %v, want %v", got, test.want)
			}
		})
	}
}

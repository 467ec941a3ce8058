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

// The scan was let through; what is written is counted once more.
func TestTheLimitsHoldWhenTheGroupsVanishDuringAPass(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.BatchSize = 10
	b.Group(t, "general", "github")
	for i := range 100 {
		b.Team(t, fmt.Sprintf("t%02d", i), "general")
	}
	b.repair(t)
	b.SetGroup(t, "general", "github", "jira") // every team drifts, none loses
	_, err := b.pass(t, reconcile.Options{Progress: func(done, _ int) {
		if done == 20 {
			b.Exec(t, `UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{}'`)
		}
	}})
	var refusal *plan.Refusal
	if !errors.As(err, &refusal) || refusal.Limit != plan.RevokedFraction || refusal.Repaired < 20 {
		t.Fatalf("got %v, want a refusal for %s", err, plan.RevokedFraction)
	}
	if n := pgtest.Scalar[int](t, b.Database, `SELECT count(*)::int FROM {schema}."LiteLLM_ObjectPermissionTable"
		WHERE mcp_servers = '{}'`); n > 25 {
		t.Errorf("%d of 100 teams lost their servers", n)
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

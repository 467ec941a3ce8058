package reconcile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/plan"
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

func TestAnotherPolicyLooksAtEveryTeamAnew(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "own")
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
	b.team(t, "github")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	b.repair(t)
	if diff := cmp.Diff([]string{}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

// Blanks name no group, and a team without groups is nobody's business here.
func TestATeamWithNothingButBlankGroupsIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, groups := range []string{`{""}`, `{NULL}`, `{"",NULL,""}`} {
		b := setup(t, pgtest.V1_83_14)
		b.config.Policy = plan.Exact
		b.team(t, "direct")
		b.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET access_group_ids = $1`, groups)
		if report := b.repair(t); report.Found.Teams != 0 {
			t.Errorf("%d teams with access groups", report.Found.Teams)
		}
		b.wantServers(t, "team", "direct")
	}
}

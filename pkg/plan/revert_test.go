package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

func TestRevert(t *testing.T) {
	t.Parallel()
	row := func(servers ...string) litellm.Row { return litellm.Row{ID: "row", Servers: servers} }
	source := func(servers ...string) *litellm.Row { return &litellm.Row{ID: "source", Servers: servers} }
	list := func(items ...string) []string { return append([]string{}, items...) }
	for name, test := range map[string]struct {
		holding plan.Holding
		after   []string
		owned   []string
		way     plan.Way
	}{
		"takes out what is owned and keeps the order of the rest": {
			plan.Holding{Row: row("wiki", "github", "mail"), Owned: list("github")},
			list("wiki", "mail"), list(), plan.Trim,
		},
		"takes a part, and goes on owning the rest": {
			plan.Holding{Row: row("github", "jira"), Owned: list("github", "jira"), Take: list("jira")},
			list("github"), list("github"), plan.Trim,
		},
		"gives up a row that was made here and holds nothing else": {
			plan.Holding{Row: row("github"), Owned: list("github"), Created: true, Bare: true},
			list(), list(), plan.Unlink,
		},
		"gives up a row that was made here and is empty already": {
			plan.Holding{Row: row(), Created: true, Bare: true},
			list(), list(), plan.Unlink,
		},
		"gives up a row that others point at as well, which they keep": {
			plan.Holding{Row: row("github"), Owned: list("github"), Created: true, Bare: true, Shared: true},
			list(), list(), plan.Unlink,
		},
		"keeps a row that was made here and holds something else": {
			plan.Holding{Row: row("github"), Owned: list("github"), Created: true},
			list(), list(), plan.Trim,
		},
		"keeps a row that was made here and that an administrator added to": {
			plan.Holding{Row: row("github", "wiki"), Owned: list("github"), Created: true, Bare: true},
			list("wiki"), list(), plan.Trim,
		},
		"keeps a row that was made here while a part of it stays owned": {
			plan.Holding{Row: row("github"), Owned: list("github", "gone"), Take: list("github"), Created: true, Bare: true},
			list(), list("gone"), plan.Trim,
		},
		"empties a row that an administrator made": {
			plan.Holding{Row: row("github"), Owned: list("github"), Bare: true},
			list(), list(), plan.Trim,
		},
		"goes back to the row that a copy was made of": {
			plan.Holding{Row: row("wiki", "github"), Owned: list("github"), Created: true, Source: source("wiki")},
			list("wiki"), list(), plan.Relink,
		},
		"goes back to an empty row": {
			plan.Holding{Row: row("github"), Owned: list("github"), Created: true, Bare: true, Source: source()},
			list(), list(), plan.Relink,
		},
		"never gains by going back": {
			plan.Holding{Row: row("wiki", "github"), Owned: list("github"), Created: true, Source: source("wiki", "secret")},
			list("wiki"), list(), plan.Trim,
		},
		"never loses an administrator's grant by going back": {
			plan.Holding{Row: row("wiki", "mail", "github"), Owned: list("github"), Created: true, Source: source("wiki")},
			list("wiki", "mail"), list(), plan.Trim,
		},
		"copies a row that others have as well": {
			plan.Holding{Row: row("wiki", "github"), Owned: list("github"), Shared: true},
			list("wiki"), list(), plan.Split,
		},
		"leaves a row that holds nothing of ours any more": {
			plan.Holding{Row: row("wiki"), Owned: list("github")},
			list("wiki"), list(), plan.Leave,
		},
		"takes out every occurrence": {
			plan.Holding{Row: row("github", "wiki", "github"), Owned: list("github")},
			list("wiki"), list(), plan.Trim,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.holding.Take == nil {
				test.holding.Take = test.holding.Owned
			}
			change, way := plan.Revert(test.holding)
			if way != test.way {
				t.Errorf("by %s, want %s", way, test.way)
			}
			if diff := cmp.Diff(test.after, change.After); diff != "" {
				t.Errorf("after: %s", diff)
			}
			if diff := cmp.Diff(test.owned, change.Owned); diff != "" {
				t.Errorf("owned: %s", diff)
			}
		})
	}
}

func TestRevertLeavesASentinelAlone(t *testing.T) {
	t.Parallel()
	change, way := plan.Revert(plan.Holding{
		Row: litellm.Row{Servers: []string{litellm.AllProxyServers, "github"}}, Owned: []string{"github"}, Take: []string{"github"},
		Created: true, Bare: true,
	})
	if !change.Sentinel || way != plan.Leave || len(change.Removed) > 0 {
		t.Errorf("got %+v by %s", change, way)
	}
}

func TestRevertSeesTheCeilingGo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		row  litellm.Row
		want bool
	}{
		"with the last entry":                {litellm.Row{Servers: []string{"github"}}, true},
		"not while another one stays":        {litellm.Row{Servers: []string{"github", "wiki"}}, false},
		"not while tag groups restrict too":  {litellm.Row{Servers: []string{"github"}, OtherGrants: true}, false},
		"not where there was nothing before": {litellm.Row{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change, _ := plan.Revert(plan.Holding{Row: test.row, Owned: []string{"github"}, Take: []string{"github"}})
			if change.CeilingRemoved != test.want || change.CeilingCreated {
				t.Errorf("removed %t, created %t", change.CeilingRemoved, change.CeilingCreated)
			}
		})
	}
}

// A repair and its revert cancel each other out, whatever stood in the row.
func TestARevertUndoesARepair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		servers := rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "c", "d"}))
		before := servers.Draw(t, "row")
		union := slices.Compact(slices.Sorted(slices.Values(servers.Draw(t, "union"))))
		repaired := plan.Decide(plan.Managed, plan.Team{Row: &litellm.Row{Servers: before}, Union: union})
		change, _ := plan.Revert(plan.Holding{
			Row: litellm.Row{Servers: repaired.After}, Owned: repaired.Owned, Take: repaired.Owned,
		})
		if !slices.Equal(change.After, before) {
			t.Fatalf("%v is left of %v", change.After, before)
		}
	})
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		team    plan.Team
		adopted []string
		owned   []string
		drifted bool
	}{
		"owns what a group grants and the row holds": {
			plan.Team{Row: &litellm.Row{Servers: []string{"wiki", "jira", "github"}}, Union: []string{"github", "jira"}},
			[]string{"github", "jira"}, []string{"github", "jira"}, false,
		},
		"leaves what no group grants to the administrator": {
			plan.Team{Row: &litellm.Row{Servers: []string{"wiki"}}, Union: []string{"github"}},
			nil, nil, true,
		},
		"adds to what is owned already": {
			plan.Team{Row: &litellm.Row{Servers: []string{"b", "a"}}, Owned: []string{"b"}, Union: []string{"a", "b"}},
			[]string{"a"}, []string{"a", "b"}, false,
		},
		"does not hide that servers are missing": {
			plan.Team{Row: &litellm.Row{Servers: []string{"a"}}, Union: []string{"a", "b"}},
			[]string{"a"}, []string{"a"}, true,
		},
		"does not hide that a server is to go": {
			plan.Team{Row: &litellm.Row{Servers: []string{"a", "b"}}, Owned: []string{"b"}, Union: []string{"a"}},
			[]string{"a"}, []string{"a", "b"}, true,
		},
		"counts an entry once that stands there twice": {
			plan.Team{Row: &litellm.Row{Servers: []string{"a", "a"}}, Union: []string{"a"}},
			[]string{"a"}, []string{"a"}, false,
		},
		"needs a row": {plan.Team{Union: []string{"a"}}, nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change, adopted := plan.Adopt(plan.Managed, test.team)
			if !slices.Equal(adopted, test.adopted) || !slices.Equal(change.Owned, test.owned) {
				t.Errorf("adopted %v, owns %v", adopted, change.Owned)
			}
			if change.Drifted() != test.drifted {
				t.Errorf("drifted: %t", change.Drifted())
			}
			if !slices.Equal(change.Before, change.After) {
				t.Errorf("the row is changed from %v to %v", change.Before, change.After)
			}
		})
	}
	if c, adopted := plan.Adopt(plan.Managed, plan.Team{Row: &litellm.Row{Servers: []string{"a", litellm.AllProxyServers}}, Union: []string{"a"}}); !c.Sentinel || adopted != nil {
		t.Errorf("a sentinel is not left alone: %+v", c)
	}
}

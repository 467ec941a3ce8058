package plan_test

import (
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

type list = []string

// outcomes is what each policy is to decide. Before goes without saying: it is what stands in the row.
type outcomes map[plan.Policy]plan.Change

func everyPolicy(c plan.Change) outcomes {
	return outcomes{plan.Managed: c, plan.Additive: c, plan.Exact: c}
}

// row holds these entries; without any it holds an empty list, which is not NULL.
func row(servers ...string) *litellm.Row {
	return &litellm.Row{ID: "row", Servers: append(list{}, servers...)}
}

var situations = []struct {
	name string
	team plan.Team
	want outcomes
}{
	{
		name: "a team without a row gets one that holds the union",
		team: plan.Team{Union: list{"a", "b"}},
		want: everyPolicy(plan.Change{
			Kinds: []plan.Kind{plan.MissingRow}, After: list{"a", "b"}, Added: list{"a", "b"},
			Owned: list{"a", "b"}, CeilingCreated: true,
		}),
	},
	{
		name: "a team without a row and without grants gets none",
		team: plan.Team{},
		want: everyPolicy(plan.Change{}),
	},
	{
		name: "a row that was deleted is made again",
		team: plan.Team{Owned: list{"a"}, Union: list{"a", "b"}},
		want: everyPolicy(plan.Change{
			Kinds: []plan.Kind{plan.MissingRow}, After: list{"a", "b"}, Added: list{"a", "b"},
			Owned: list{"a", "b"}, CeilingCreated: true,
		}),
	},
	{
		name: "what was owned of a deleted row is forgotten when nothing grants it",
		team: plan.Team{Owned: list{"a"}},
		want: everyPolicy(plan.Change{}),
	},
	{
		name: "an empty row is filled",
		team: plan.Team{Row: row(), Union: list{"a", "b"}},
		want: everyPolicy(plan.Change{
			Kinds: []plan.Kind{plan.MissingServers}, After: list{"a", "b"}, Added: list{"a", "b"},
			Owned: list{"a", "b"}, CeilingCreated: true,
		}),
	},
	{
		name: "NULL is an empty row",
		team: plan.Team{Row: &litellm.Row{ID: "row"}, Union: list{"a"}},
		want: everyPolicy(plan.Change{
			Kinds: []plan.Kind{plan.MissingServers}, After: list{"a"}, Added: list{"a"}, Owned: list{"a"}, CeilingCreated: true,
		}),
	},
	{
		name: "NULL without grants stays NULL",
		team: plan.Team{Row: &litellm.Row{ID: "row"}},
		want: everyPolicy(plan.Change{}),
	},
	{
		name: "an administrator's entries stay, except under exact",
		team: plan.Team{Row: row("own"), Union: list{"a"}},
		want: outcomes{
			plan.Managed: {
				Kinds: []plan.Kind{plan.MissingServers}, After: list{"own", "a"}, Added: list{"a"}, Owned: list{"a"},
			},
			plan.Additive: {
				Kinds: []plan.Kind{plan.MissingServers}, After: list{"own", "a"}, Added: list{"a"}, Owned: list{"a"},
			},
			plan.Exact: {
				Kinds: []plan.Kind{plan.MissingServers, plan.ExcessServers},
				After: list{"a"}, Added: list{"a"}, Removed: list{"own"}, Owned: list{"a"},
			},
		},
	},
	{
		name: "a row that holds what is owned and granted is in sync",
		team: plan.Team{Row: row("b", "a"), Owned: list{"a", "b"}, Union: list{"a", "b"}},
		want: everyPolicy(plan.Change{After: list{"b", "a"}, Owned: list{"a", "b"}}),
	},
	{
		name: "what is owned and granted no more goes; additive keeps it, and keeps owning it",
		team: plan.Team{Row: row("own", "old", "new"), Owned: list{"old", "new"}, Union: list{"new"}},
		want: outcomes{
			plan.Managed: {
				Kinds: []plan.Kind{plan.ExcessServers}, After: list{"own", "new"}, Removed: list{"old"}, Owned: list{"new"},
			},
			plan.Additive: {After: list{"own", "old", "new"}, Owned: list{"new", "old"}},
			plan.Exact: {
				Kinds: []plan.Kind{plan.ExcessServers}, After: list{"new"}, Removed: list{"own", "old"}, Owned: list{"new"},
			},
		},
	},
	{
		name: "what is owned and granted comes back when it was removed by hand",
		team: plan.Team{Row: row("a"), Owned: list{"a", "b"}, Union: list{"a", "b"}},
		want: everyPolicy(plan.Change{
			Kinds: []plan.Kind{plan.MissingServers}, After: list{"a", "b"}, Added: list{"b"}, Owned: list{"a", "b"},
		}),
	},
	{
		name: "what was removed by hand and is granted no more is forgotten",
		team: plan.Team{Row: row("a"), Owned: list{"a", "old"}, Union: list{"a"}},
		want: everyPolicy(plan.Change{After: list{"a"}, Owned: list{"a"}}),
	},
	{
		name: "an entry that was there first is the administrator's, though a group grants it",
		team: plan.Team{Row: row("a"), Union: list{"a", "b"}},
		want: everyPolicy(plan.Change{
			Kinds: []plan.Kind{plan.MissingServers}, After: list{"a", "b"}, Added: list{"b"}, Owned: list{"b"},
		}),
	},
	{
		name: "an entry that was there first outlives the group, except under exact",
		team: plan.Team{Row: row("a", "b"), Owned: list{"b"}},
		want: outcomes{
			plan.Managed: {
				Kinds: []plan.Kind{plan.ExcessServers}, After: list{"a"}, Removed: list{"b"},
			},
			plan.Additive: {After: list{"a", "b"}, Owned: list{"b"}},
			plan.Exact: {
				Kinds: []plan.Kind{plan.ExcessServers}, Removed: list{"a", "b"}, CeilingRemoved: true,
			},
		},
	},
	{
		name: "duplicates are the administrator's business, except under exact",
		team: plan.Team{Row: row("own", "a", "own", "a"), Union: list{"a"}},
		want: outcomes{
			plan.Managed:  {After: list{"own", "a", "own", "a"}},
			plan.Additive: {After: list{"own", "a", "own", "a"}},
			plan.Exact: {
				Kinds: []plan.Kind{plan.ExcessServers}, After: list{"a"}, Removed: list{"own"},
			},
		},
	},
	{
		name: "a duplicate of a granted entry is excess under exact, and nothing is lost with it",
		team: plan.Team{Row: row("a", "b", "a"), Union: list{"a", "b"}},
		want: outcomes{
			plan.Managed:  {After: list{"a", "b", "a"}},
			plan.Additive: {After: list{"a", "b", "a"}},
			plan.Exact:    {Kinds: []plan.Kind{plan.ExcessServers}, After: list{"a", "b"}},
		},
	},
	{
		name: "each occurrence of an owned entry goes, and counts once",
		team: plan.Team{Row: row("old", "a", "old"), Owned: list{"old"}, Union: list{"a"}},
		want: outcomes{
			plan.Managed:  {Kinds: []plan.Kind{plan.ExcessServers}, After: list{"a"}, Removed: list{"old"}},
			plan.Additive: {After: list{"old", "a", "old"}, Owned: list{"old"}},
			plan.Exact:    {Kinds: []plan.Kind{plan.ExcessServers}, After: list{"a"}, Removed: list{"old"}},
		},
	},
	{
		name: "blanks in the row stay as they are, except under exact",
		team: plan.Team{Row: row("", "a", " "), Union: list{"a"}},
		want: outcomes{
			plan.Managed:  {After: list{"", "a", " "}},
			plan.Additive: {After: list{"", "a", " "}},
			plan.Exact:    {Kinds: []plan.Kind{plan.ExcessServers}, After: list{"a"}, Removed: list{"", " "}},
		},
	},
	{
		name: "names and aliases stay verbatim and in place, new entries follow sorted",
		team: plan.Team{Row: row("zeta", "GitHub (prod)", "alpha", "GITHUB"), Union: list{"GitHub", "beta", "github"}},
		want: outcomes{
			plan.Managed: {
				Kinds: []plan.Kind{plan.MissingServers}, Added: list{"GitHub", "beta", "github"},
				After: list{"zeta", "GitHub (prod)", "alpha", "GITHUB", "GitHub", "beta", "github"},
				Owned: list{"GitHub", "beta", "github"},
			},
			plan.Additive: {
				Kinds: []plan.Kind{plan.MissingServers}, Added: list{"GitHub", "beta", "github"},
				After: list{"zeta", "GitHub (prod)", "alpha", "GITHUB", "GitHub", "beta", "github"},
				Owned: list{"GitHub", "beta", "github"},
			},
			plan.Exact: {
				Kinds: []plan.Kind{plan.MissingServers, plan.ExcessServers}, Added: list{"GitHub", "beta", "github"},
				After:   list{"GitHub", "beta", "github"},
				Removed: list{"zeta", "GitHub (prod)", "alpha", "GITHUB"},
				Owned:   list{"GitHub", "beta", "github"},
			},
		},
	},
	{
		name: "granted entries keep their places under every policy",
		team: plan.Team{Row: row("c", "a"), Union: list{"a", "b", "c"}},
		want: everyPolicy(plan.Change{
			Kinds: []plan.Kind{plan.MissingServers}, After: list{"c", "a", "b"}, Added: list{"b"}, Owned: list{"b"},
		}),
	},
	{
		name: "a row that grants the whole registry is left alone",
		team: plan.Team{Row: row("own", litellm.AllProxyServers), Shared: true, Owned: list{"old"}, Union: list{"a"}},
		want: everyPolicy(plan.Change{Sentinel: true}),
	},
	{
		name: "a row that grants the whole registry is left alone when the team lost its groups",
		team: plan.Team{Row: row(litellm.AllProxyServers, "old"), Owned: list{"old"}},
		want: everyPolicy(plan.Change{Sentinel: true}),
	},
	{
		name: "without grants only exact touches what an administrator put into the row",
		team: plan.Team{Row: row("own")},
		want: outcomes{
			plan.Managed:  {After: list{"own"}},
			plan.Additive: {After: list{"own"}},
			plan.Exact:    {Kinds: []plan.Kind{plan.ExcessServers}, Removed: list{"own"}, CeilingRemoved: true},
		},
	},
	{
		name: "a team that lost all its groups loses all they gave, and its ceiling",
		team: plan.Team{Row: row("a", "b"), Owned: list{"a", "b"}},
		want: outcomes{
			plan.Managed:  {Kinds: []plan.Kind{plan.ExcessServers}, Removed: list{"a", "b"}, CeilingRemoved: true},
			plan.Additive: {After: list{"a", "b"}, Owned: list{"a", "b"}},
			plan.Exact:    {Kinds: []plan.Kind{plan.ExcessServers}, Removed: list{"a", "b"}, CeilingRemoved: true},
		},
	},
	{
		name: "a drifted row that something else points at is shared as well",
		team: plan.Team{Row: row("a"), Shared: true, Union: list{"a", "b"}},
		want: everyPolicy(plan.Change{
			Kinds: []plan.Kind{plan.MissingServers, plan.SharedRow}, After: list{"a", "b"}, Added: list{"b"}, Owned: list{"b"},
		}),
	},
	{
		name: "a shared row is of every kind that applies",
		team: plan.Team{Row: row("a", "old"), Shared: true, Owned: list{"old"}, Union: list{"a", "b"}},
		want: outcomes{
			plan.Managed: {
				Kinds: []plan.Kind{plan.MissingServers, plan.ExcessServers, plan.SharedRow},
				After: list{"a", "b"}, Added: list{"b"}, Removed: list{"old"}, Owned: list{"b"},
			},
			plan.Additive: {
				Kinds: []plan.Kind{plan.MissingServers, plan.SharedRow},
				After: list{"a", "old", "b"}, Added: list{"b"}, Owned: list{"b", "old"},
			},
			plan.Exact: {
				Kinds: []plan.Kind{plan.MissingServers, plan.ExcessServers, plan.SharedRow},
				After: list{"a", "b"}, Added: list{"b"}, Removed: list{"old"}, Owned: list{"b"},
			},
		},
	},
	{
		name: "a shared row that is in sync is no drift",
		team: plan.Team{Row: row("a"), Shared: true, Owned: list{"a"}, Union: list{"a"}},
		want: everyPolicy(plan.Change{After: list{"a"}, Owned: list{"a"}}),
	},
	{
		name: "no ceiling appears where other grants of the row restrict already",
		team: plan.Team{Row: &litellm.Row{ID: "row", OtherGrants: true}, Union: list{"a"}},
		want: everyPolicy(plan.Change{
			Kinds: []plan.Kind{plan.MissingServers}, After: list{"a"}, Added: list{"a"}, Owned: list{"a"},
		}),
	},
	{
		name: "no ceiling disappears where other grants of the row go on restricting",
		team: plan.Team{Row: &litellm.Row{ID: "row", Servers: list{"a"}, OtherGrants: true}, Owned: list{"a"}},
		want: outcomes{
			plan.Managed:  {Kinds: []plan.Kind{plan.ExcessServers}, Removed: list{"a"}},
			plan.Additive: {After: list{"a"}, Owned: list{"a"}},
			plan.Exact:    {Kinds: []plan.Kind{plan.ExcessServers}, Removed: list{"a"}},
		},
	},
}

package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

var policies = []plan.Policy{plan.Managed, plan.Additive, plan.Exact}

// The alphabet is small, so that row, owned and union overlap in every way. These are functions, as a generator is not to
// be shared by parallel tests.
func servers() *rapid.Generator[string] { return rapid.SampledFrom(list{"a", "b", "c", "d", "e"}) }

func entries() *rapid.Generator[list] {
	return rapid.SliceOfN(rapid.OneOf(servers(), rapid.SampledFrom(list{"", "Name of a"})), 0, 8)
}

func someServers() *rapid.Generator[list] { return rapid.SliceOfDistinct(servers(), rapid.ID[string]) }

func unions() *rapid.Generator[list] { return rapid.Map(someServers(), sorted) }

func teams() *rapid.Generator[plan.Team] {
	return rapid.Custom(func(t *rapid.T) plan.Team {
		team := plan.Team{
			Shared: rapid.Bool().Draw(t, "shared"),
			Owned:  someServers().Draw(t, "owned"),
			Union:  unions().Draw(t, "union"),
		}
		if kind := rapid.SampledFrom(list{"none", "NULL", "list"}).Draw(t, "row"); kind != "none" {
			team.Row = &litellm.Row{ID: "row", OtherGrants: rapid.Bool().Draw(t, "other grants")}
			if kind == "list" {
				team.Row.Servers = entries().Draw(t, "entries")
			}
		}
		return team
	})
}

// after is the team once the change was made.
func after(team plan.Team, c plan.Change) plan.Team {
	next := plan.Team{Owned: c.Owned, Union: team.Union, Shared: team.Shared}
	switch {
	case team.Row != nil && c.Drifted():
		next.Row = &litellm.Row{ID: team.Row.ID, Servers: c.After, OtherGrants: team.Row.OtherGrants}
	case team.Row != nil:
		next.Row = team.Row
	case c.Drifted():
		next.Row = &litellm.Row{ID: "new", Servers: c.After}
	}
	return next
}

func entriesOf(team plan.Team) list {
	if team.Row == nil {
		return nil
	}
	return team.Row.Servers
}

// law checks a property of the decision about any team under each of the policies.
func law(t *testing.T, policies []plan.Policy, check func(*rapid.T, plan.Policy, plan.Team, plan.Change)) {
	t.Helper()
	t.Parallel()
	for _, policy := range policies {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				team := teams().Draw(rt, "team")
				check(rt, policy, team, plan.Decide(policy, team))
			})
		})
	}
}

func TestLawASecondDecisionChangesNothing(t *testing.T) {
	law(t, policies, func(t *rapid.T, policy plan.Policy, team plan.Team, first plan.Change) {
		second := plan.Decide(policy, after(team, first))
		if second.Drifted() || len(second.Added) > 0 || len(second.Removed) > 0 {
			t.Errorf("the second decision still wants %+v", second)
		}
		equal(t, "row", first.After, second.After)
		equal(t, "owned", first.Owned, second.Owned)
	})
}

func TestLawTheRowIsWrittenExactlyWhenItsEntriesDiffer(t *testing.T) {
	law(t, policies, func(t *rapid.T, _ plan.Policy, team plan.Team, c plan.Change) {
		equal(t, "before", entriesOf(team), c.Before)
		if differs := !slices.Equal(c.Before, c.After); c.Drifted() != differs {
			t.Errorf("drifted is %t, before is %q and after %q", c.Drifted(), c.Before, c.After)
		}
	})
}

func TestLawAddedAndRemovedAreTheDifference(t *testing.T) {
	law(t, policies, func(t *rapid.T, _ plan.Policy, _ plan.Team, c plan.Change) {
		equal(t, "added", sorted(without(c.After, c.Before)), c.Added)
		equal(t, "removed", sorted(without(c.Before, c.After)), sorted(c.Removed))
		if len(slices.Compact(sorted(c.Removed))) != len(c.Removed) {
			t.Errorf("removed has duplicates: %q", c.Removed)
		}
		// The change log finds the added entries by their place.
		equal(t, "end of the row", c.Added, c.After[len(c.After)-len(c.Added):])
	})
}

func TestLawTheUnionIsCovered(t *testing.T) {
	law(t, policies, func(t *rapid.T, _ plan.Policy, team plan.Team, c plan.Change) {
		if missing := without(team.Union, c.After); len(missing) > 0 {
			t.Errorf("after %q lacks %q", c.After, missing)
		}
	})
}

func TestLawKeptEntriesKeepTheirOrder(t *testing.T) {
	law(t, []plan.Policy{plan.Managed, plan.Additive}, func(t *rapid.T, _ plan.Policy, _ plan.Team, c plan.Change) {
		kept := slices.DeleteFunc(slices.Clone(c.Before), func(s string) bool { return slices.Contains(c.Removed, s) })
		equal(t, "start of the row", kept, c.After[:len(kept)])
	})
}

func TestLawManagedRemovesOnlyWhatItOwnsAndNothingGrants(t *testing.T) {
	law(t, []plan.Policy{plan.Managed}, func(t *rapid.T, _ plan.Policy, team plan.Team, c plan.Change) {
		for _, s := range c.Removed {
			if !slices.Contains(team.Owned, s) || slices.Contains(team.Union, s) {
				t.Errorf("%q was removed, owned is %q and granted %q", s, team.Owned, team.Union)
			}
		}
	})
}

func TestLawAdditiveRemovesNothing(t *testing.T) {
	law(t, []plan.Policy{plan.Additive}, func(t *rapid.T, _ plan.Policy, _ plan.Team, c plan.Change) {
		if len(c.Removed) > 0 || c.CeilingRemoved || slices.Contains(c.Kinds, plan.ExcessServers) {
			t.Errorf("additive took out %q: %+v", c.Removed, c)
		}
	})
}

func TestLawExactLeavesTheUnionOnceEach(t *testing.T) {
	law(t, []plan.Policy{plan.Exact}, func(t *rapid.T, _ plan.Policy, team plan.Team, c plan.Change) {
		equal(t, "row", team.Union, sorted(c.After))
	})
}

func TestLawOwnedEntriesStandInTheRowAndWereNoAdministrators(t *testing.T) {
	law(t, policies, func(t *rapid.T, _ plan.Policy, team plan.Team, c plan.Change) {
		if absent := without(c.Owned, c.After); len(absent) > 0 {
			t.Errorf("%q are owned and not in the row", absent)
		}
		foreign := without(entriesOf(team), team.Owned)
		for _, s := range c.Owned {
			if slices.Contains(foreign, s) {
				t.Errorf("%q is owned and was an administrator's", s)
			}
		}
		equal(t, "owned, sorted and once each", slices.Compact(sorted(c.Owned)), c.Owned)
	})
}

func TestLawOwnershipIsASet(t *testing.T) {
	law(t, policies, func(t *rapid.T, policy plan.Policy, team plan.Team, c plan.Change) {
		team.Owned = rapid.Permutation(slices.Concat(team.Owned, team.Owned)).Draw(t, "owned in another order")
		equal(t, "decision", c, plan.Decide(policy, team))
	})
}

func TestLawACeilingComesAndGoesWithTheFirstAndTheLastEntry(t *testing.T) {
	law(t, policies, func(t *rapid.T, _ plan.Policy, team plan.Team, c plan.Change) {
		other := team.Row != nil && team.Row.OtherGrants
		before, after := len(c.Before) > 0 || other, len(c.After) > 0 || other
		if c.CeilingCreated != (!before && after) || c.CeilingRemoved != (before && !after) {
			t.Errorf("restricts before: %t, after: %t, but %+v", before, after, c)
		}
	})
}

func TestLawADecisionModifiesNothingItWasGiven(t *testing.T) {
	law(t, policies, func(t *rapid.T, policy plan.Policy, team plan.Team, _ plan.Change) {
		// Room behind each list catches an append that writes into it.
		given := plan.Team{Shared: team.Shared, Owned: roomy(team.Owned), Union: roomy(team.Union)}
		if team.Row != nil {
			row := *team.Row
			row.Servers = roomy(row.Servers)
			given.Row = &row
		}
		plan.Decide(policy, given)
		equal(t, "team", team, given)
		for _, l := range []list{given.Owned, given.Union, entriesOf(given)} {
			for _, s := range l[len(l):cap(l)] {
				if s != "" {
					t.Errorf("%q was written behind a list", s)
				}
			}
		}
	})
}

func TestLawTheWholeRegistryIsLeftAlone(t *testing.T) {
	law(t, policies, func(t *rapid.T, policy plan.Policy, team plan.Team, c plan.Change) {
		if c.Sentinel {
			t.Fatal("a row without the sentinel is taken for one")
		}
		list := append(slices.Clone(entriesOf(team)), litellm.AllProxyServers)
		team.Row = &litellm.Row{ID: "row", Servers: rapid.Permutation(list).Draw(t, "entries with the sentinel")}
		equal(t, "decision", plan.Change{Sentinel: true}, plan.Decide(policy, team))
	})
}

func equal[T any](t *rapid.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func sorted(l list) list { return slices.Sorted(slices.Values(l)) }

func set(l list) list { return slices.Compact(sorted(l)) }

// without is what l has and other has not: each entry once, in the order of l.
func without(l, other list) list {
	var rest list
	for _, s := range l {
		if !slices.Contains(other, s) && !slices.Contains(rest, s) {
			rest = append(rest, s)
		}
	}
	return rest
}

func roomy(l list) list {
	if l == nil {
		return nil
	}
	return append(make(list, 0, len(l)+8), l...)
}

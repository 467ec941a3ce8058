package plan_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"litellm-reconciler/pkg/plan"
)

// How groups came to grant what they grant leaves no trace under managed. Let D be the entries of the row that are not
// owned at the start. A decision takes out the owned entries that the union U lacks, adds what is missing of U, and owns
// what it owned of U and what it added: so the row holds D and U, and U without D is owned. The entries that are not owned
// are D again, as managed never takes those out and never comes to own what stands in the row. So D lasts, and after any
// number of unions only the last one shows.
func TestLawUnderManagedOnlyTheLastUnionCounts(t *testing.T) {
	law(t, []plan.Policy{plan.Managed}, func(t *rapid.T, policy plan.Policy, team plan.Team, direct plan.Change) {
		foreign := without(entriesOf(team), team.Owned)
		end, c := sequence(policy, team, rapid.SliceOfN(unions(), 0, 4).Draw(t, "unions before"), team.Union)
		equal(t, "row", set(direct.After), set(end))
		equal(t, "owned", direct.Owned, c.Owned)
		equal(t, "row, by the proof", set(slices.Concat(foreign, team.Union)), set(end))
		equal(t, "owned, by the proof", without(team.Union, foreign), c.Owned)
	})
}

// Additive remembers every union that it has seen, but not their order: the row holds what it held and all of the unions,
// and owned is what was owned of the row at the start, with what was added since.
func TestLawUnderAdditiveTheOrderOfUnionsDoesNotCount(t *testing.T) {
	law(t, []plan.Policy{plan.Additive}, func(t *rapid.T, policy plan.Policy, team plan.Team, _ plan.Change) {
		all := rapid.SliceOfN(unions(), 1, 4).Draw(t, "unions")
		end, c := sequence(policy, team, all)
		permuted, d := sequence(policy, team, rapid.Permutation(all).Draw(t, "unions in another order"))
		equal(t, "row", set(end), set(permuted))
		equal(t, "owned", c.Owned, d.Owned)
	})
}

// The row under exact depends on the last union alone. What is owned does not: an administrator's entry that no group
// granted for a while was taken out, and is ours when it comes back.
func TestLawUnderExactOnlyTheLastUnionCountsForTheRow(t *testing.T) {
	law(t, []plan.Policy{plan.Exact}, func(t *rapid.T, policy plan.Policy, team plan.Team, direct plan.Change) {
		end, _ := sequence(policy, team, rapid.SliceOfN(unions(), 0, 4).Draw(t, "unions before"), team.Union)
		equal(t, "row", set(direct.After), set(end))
	})
}

// sequence makes the changes for some unions one after the other, and returns the row at the end with the last change.
func sequence(policy plan.Policy, team plan.Team, before []list, last ...list) (list, plan.Change) {
	var c plan.Change
	for _, team.Union = range slices.Concat(before, last) {
		c = plan.Decide(policy, team)
		team = after(team, c)
	}
	return entriesOf(team), c
}

package impact_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/pkg/impact"
	"litellm-reconciler/pkg/litellm"
)

// subset is a set of the servers a, b and c, as bits.
type subset int

func (s subset) list() []string {
	var list []string
	for i, server := range []string{"a", "b", "c"} {
		if s>>i&1 == 1 {
			list = append(list, server)
		}
	}
	return list
}

func (s subset) entitlement() litellm.Entitlement { return litellm.Entitlement{Servers: s.list()} }

// uses is LiteLLM's rule for a key of a team in an organization: what key and
// team both have, where an empty list of a key inherits and one of a team does
// not restrict, as far as the organization has it.
func uses(own, team, organization subset, require bool) subset {
	list := own & team
	switch {
	case team == 0:
		list = own
	case own == 0 && require:
		list = 0
	case own == 0:
		list = team
	}
	switch {
	case organization == 0:
		return list
	case own == 0 && team == 0:
		return organization
	}
	return list & organization
}

func effect(before, after, teamBefore, teamAfter subset) impact.Effect {
	var e impact.Effect
	lost, gained := before&^after != 0, after&^before != 0
	switch {
	case lost && teamBefore == 0:
		e |= impact.Narrowed
	case lost:
		e |= impact.Lose
	}
	switch {
	case gained && teamAfter == 0:
		e |= impact.Widened
	case gained:
		e |= impact.Gain
	}
	return e
}

func TestEveryChangeOfASmallTeamAffectsEveryKeyAsTheRulesSay(t *testing.T) {
	t.Parallel()
	for bits := range subset(1 << 14) {
		own, before, after := bits&7, bits>>3&7, bits>>6&7
		organization, group, require := bits>>9&3, bits>>11&3<<1, bits>>13 == 1
		team := impact.Team{
			Registry:         litellm.NewRegistry(nil, map[string][]string{"g": group.list()}),
			RequireKeyAccess: require, Before: before.entitlement(), After: after.entitlement(),
		}
		team.Before.Groups, team.After.Groups = []string{"g"}, []string{"g"}

		got := team.On(litellm.Key{Own: own.entitlement(), Organization: organization.entitlement()})

		usesBefore, usesAfter := uses(own, before, organization, require), uses(own, after, organization, require)
		native := [2]subset{uses(own, before|group, organization, require), uses(own, after|group, organization, require)}
		want := effect(usesBefore, usesAfter, before, after)
		wantNative := effect(native[0], native[1], before|group, after|group)
		if got.Effect != want || got.Native != wantNative ||
			!slices.Equal(got.Before.Sorted(), usesBefore.list()) || !slices.Equal(got.After.Sorted(), usesAfter.list()) {
			t.Fatalf("a key with %v in organization %v, team %v to %v with group %v, require %t: %+v, want %v and %v, %v to %v",
				own.list(), organization.list(), before.list(), after.list(), group.list(), require,
				got, want.Split(), wantNative.Split(), usesBefore.list(), usesAfter.list())
		}
	}
}

func TestKeysThatNameNothingFareAlike(t *testing.T) {
	t.Parallel()
	team := impact.Team{
		Registry: litellm.NewRegistry(nil, map[string][]string{"g": {"c"}}),
		Before:   litellm.Entitlement{Servers: []string{"a"}}, After: litellm.Entitlement{Servers: []string{"b"}},
	}
	first, second := team.On(litellm.Key{}), team.On(litellm.Key{})
	if diff := cmp.Diff(first, second); diff != "" || first.Effect != impact.Gain|impact.Lose {
		t.Errorf("%v, %s", first, diff)
	}
	for name, key := range map[string]litellm.Key{
		"own":          {Own: litellm.Entitlement{Servers: []string{"a"}}},
		"tag":          {Own: litellm.Entitlement{Servers: []string{"a"}, TagGroups: []string{"t"}}},
		"tools":        {Own: litellm.Entitlement{ToolServers: []string{"a"}}},
		"agent":        {Agent: litellm.Entitlement{Servers: []string{"a"}}},
		"organization": {Organization: litellm.Entitlement{Servers: []string{"a"}}},
	} {
		if got := team.On(key).Effect; got != impact.Lose {
			t.Errorf("%s: %v, want that it loses", name, got.Split())
		}
	}
	if got := team.On(litellm.Key{Own: litellm.Entitlement{Groups: []string{"g"}}}).Native; got != impact.Gain|impact.Lose {
		t.Errorf("a key with a group of its own: %v", got.Split())
	}
}

func TestABlockedTeamAffectsNoKey(t *testing.T) {
	t.Parallel()
	team := impact.Team{Registry: litellm.NewRegistry(nil, nil), Blocked: true, After: litellm.Entitlement{Servers: []string{"a"}}}
	if got := team.On(litellm.Key{}); got.Effect|got.Native != 0 {
		t.Errorf("%+v", got)
	}
}

func TestATallyCountsAKeyInEachOfItsEffects(t *testing.T) {
	t.Parallel()
	var tally impact.Tally
	tally.Add(impact.Key{Effect: impact.Gain | impact.Lose, Native: impact.Widened})
	tally.Add(impact.Key{Effect: impact.Gain | impact.Narrowed})
	want := impact.Tally{Rows: impact.Counts{Gain: 2, Lose: 1, Narrowed: 1}, Native: impact.Counts{Widened: 1}}
	if diff := cmp.Diff(want, tally); diff != "" {
		t.Error(diff)
	}
	var named string
	for _, e := range impact.Effects() {
		named += fmt.Sprintf("%s %d, ", e, tally.Rows.Of(e))
	}
	if named != "gain 2, lose 1, narrowed 1, widened 0, " {
		t.Error(named)
	}
}

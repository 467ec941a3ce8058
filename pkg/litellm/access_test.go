package litellm_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"litellm-reconciler/pkg/litellm"
)

func accessRegistry(open bool) *litellm.Registry {
	list := slices.Clone(accessServers)
	if open {
		list = append(list, litellm.Server{ID: "o", OpenToAll: true})
	}
	return litellm.NewRegistry(list, accessGroups)
}

func TestAccessRules(t *testing.T) {
	t.Parallel()
	for _, rule := range slices.Concat(listRules, limitRules) {
		t.Run(rule.name, func(t *testing.T) {
			t.Parallel()
			r := accessRegistry(rule.open)
			for _, version := range []struct {
				name   string
				groups bool
				want   list
			}{{"before v1.88", false, rule.before}, {"from v1.88", true, rule.since}} {
				got := r.Decide(litellm.Rules{Groups: version.groups, RequireKeyAccess: rule.require}, rule.key)
				if diff := cmp.Diff(version.want, got.Allowed.Sorted(), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", version.name, diff)
				}
			}
		})
	}
}

func TestAccessTellsNoMissingListFromAnEmptyOne(t *testing.T) {
	t.Parallel()
	for _, rule := range slices.Concat(listRules, limitRules) {
		for _, rules := range []litellm.Rules{{}, {Groups: true}} {
			key := rule.key
			for _, e := range []*litellm.Entitlement{&key.Own, &key.Team, &key.Agent, &key.User, &key.Organization} {
				for _, l := range []*list{&e.Servers, &e.TagGroups, &e.ToolServers, &e.Groups} {
					*l = append(list{}, *l...)
				}
			}
			r := accessRegistry(rule.open)
			if diff := cmp.Diff(r.Decide(rules, rule.key), r.Decide(rules, key)); diff != "" {
				t.Errorf("%s, %+v (-missing +empty):\n%s", rule.name, rules, diff)
			}
		}
	}
}

func TestAccessVerdictsSayHowTheyCameAbout(t *testing.T) {
	t.Parallel()
	set := func(servers ...string) litellm.Set {
		s := litellm.Set{}
		for _, id := range servers {
			s[id] = true
		}
		return s
	}
	for _, test := range []struct {
		name string
		key  litellm.Key
		want litellm.Verdict
	}{
		{
			name: "opted out",
			key:  litellm.Key{Own: servers("a", litellm.NoServers), Team: servers("a")},
			want: litellm.Verdict{OptedOut: true},
		},
		{
			name: "refused",
			key:  litellm.Key{Own: servers("a"), Team: servers("a"), TeamBlocked: true},
			want: litellm.Verdict{Refused: true},
		},
		{
			name: "inherited",
			key:  litellm.Key{Team: litellm.Entitlement{Servers: list{"GitHub"}, Groups: list{"ab"}}},
			want: litellm.Verdict{
				Team: set("a", "b", "g1", "g2"), Base: set("a", "b", "g1", "g2"), Open: set("o"),
				Allowed: set("a", "b", "g1", "g2", "o"),
			},
		},
		{
			name: "added to and capped",
			key: litellm.Key{
				Own: litellm.Entitlement{Servers: list{"b", "cal"}, Groups: list{"ab"}}, Team: servers("b", "g1"),
				Organization: servers("a", "c"),
			},
			want: litellm.Verdict{
				Own: set("b", "c"), Team: set("b", "g1"), Extra: set("a", "b"), Base: set("b"), Open: set("o"),
				Capped: set("b"), Allowed: set("a", "o"),
			},
		},
		{
			name: "given by an organization",
			key:  litellm.Key{Organization: servers("a")},
			want: litellm.Verdict{Open: set("o"), Allowed: set("a", "o")},
		},
		{
			name: "not loaded",
			key:  litellm.Key{Team: servers("Pending")},
			want: litellm.Verdict{Team: set("p"), Base: set("p"), Open: set("o"), Allowed: set("o")},
		},
	} {
		got := accessRegistry(true).Decide(litellm.Rules{Groups: true}, test.key)
		if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestAccessSentinelOfARegistryWithoutServersDoesNotRestrict(t *testing.T) {
	t.Parallel()
	r := litellm.NewRegistry([]litellm.Server{{ID: "p", Unloaded: true}}, nil)
	v := r.Decide(litellm.Rules{Groups: true}, litellm.Key{Team: servers(litellm.AllProxyServers)})
	if len(v.Team) > 0 || len(v.Allowed) > 0 {
		t.Errorf("the team has %v, the key %v", v.Team.Sorted(), v.Allowed.Sorted())
	}
}

func TestRegistryExpandsIDsBeforeNames(t *testing.T) {
	t.Parallel()
	r := litellm.NewRegistry([]litellm.Server{
		{ID: "x", Name: "Xylophone", Alias: "Xylophone"},
		{ID: "y", Name: "x", Alias: "xylo"},
		{ID: "z", Name: "z", Alias: "xylo"},
	}, nil)
	for entry, want := range map[string]list{
		"x":         {"x"}, // and not y, which has it for a name
		"Xylophone": {"x"},
		"xylo":      {"y", "z"},
		"z":         {"z"},
		"unknown":   {"unknown"},
		"":          {""},
	} {
		if diff := cmp.Diff(want, r.Expand(entry)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", entry, diff)
		}
	}
}

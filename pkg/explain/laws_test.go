package explain

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

// anyFacts draws a small world of servers, lists and limits.
func anyFacts(t *rapid.T) facts {
	some := func(what string, from ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, 3, rapid.ID).Draw(t, what)
	}
	entries := []string{"a", "alpha", "b", "c", "d", "o", "config", "", litellm.NoServers, litellm.AllProxyServers}
	lists := func(what string) litellm.Entitlement {
		return litellm.Entitlement{
			Servers: some(what+" servers", entries...), TagGroups: some(what+" tags", "prod", "test"), ToolServers: some(what+" tools", "a", "alpha", "c"),
		}
	}
	flag := rapid.Bool()
	past := now.Add(-time.Hour)
	f := facts{registry: testRegistry(), now: now}
	if flag.Draw(t, "has a team") {
		f.team = team(lists("team"))
		f.team.Groups, f.team.Blocked = some("team groups", "of a", "of alpha", "of d", "gone"), flag.Draw(t, "team blocked")
		f.organization.Entitlement = lists("organization of the team")
		f.memory = memory{known: true, servers: some("owned", entries...), last: map[string]ledger.Last{"c": {Removed: true, At: past}}}
		f.change = f.pass(plan.Managed)
	}
	if f.team == nil || flag.Draw(t, "is a key") {
		f.key = key(litellm.Key{Own: lists("key"), Agent: lists("agent"), User: lists("user"), Organization: lists("organization")})
		f.key.Own.Groups, f.key.Blocked = some("key groups", "of a", "of alpha", "empty"), flag.Draw(t, "key blocked")
		if flag.Draw(t, "key expired") {
			f.key.Expires = &past
		}
	}
	return f
}

// What is explained is what LiteLLM decides, except that it refuses some keys
// before it decides anything.
func TestExplanationsAgreeWithTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts(t)
		rules := litellm.Rules{RequireKeyAccess: rapid.Bool().Draw(t, "require_key_mcp_access_defined")}
		from := rules
		from.Groups = true
		refused := f.key != nil && (f.key.Blocked || f.key.Expires != nil)
		var before, since []string
		for _, s := range f.servers(rules, "") {
			for _, v := range []Verdict{s.Before, s.From} {
				if len(v.Because) == 0 || grants(v.Because) != v.Allowed {
					t.Errorf("server %s is allowed: %t, because %v", s.ID, v.Allowed, v.Because)
				}
			}
			if s.Before.Allowed {
				before = append(before, s.ID)
			}
			if s.From.Allowed {
				since = append(since, s.ID)
			}
		}
		for _, version := range []struct {
			rules litellm.Rules
			got   []string
		}{{rules, before}, {from, since}} {
			want := f.registry.Decide(version.rules, f.subject()).Allowed.Sorted()
			if refused {
				want = nil
			}
			if !slices.Equal(want, version.got) {
				t.Errorf("under %+v: allowed are %v, want %v", version.rules, version.got, want)
			}
		}
	})
}

func TestAServerExplainedAloneIsExplainedAsAmongAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts(t)
		for _, s := range f.servers(litellm.Rules{}, "") {
			alone := f.servers(litellm.Rules{}, s.ID)
			if len(alone) != 1 || !same(alone[0], s) {
				t.Errorf("alone %+v, among all %+v", alone, s)
			}
		}
	})
}

func same(a, b Server) bool {
	return a.ID == b.ID && a.Missing == b.Missing && a.Excess == b.Excess && len(a.NamedBy) == len(b.NamedBy) &&
		slices.Equal(a.Before.Because, b.Before.Because) && slices.Equal(a.From.Because, b.From.Because) &&
		(a.Revoked == nil) == (b.Revoked == nil)
}

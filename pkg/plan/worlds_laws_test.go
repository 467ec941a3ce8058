package plan_test

import (
	"slices"
	"testing"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

// Proxies up to v1.87, and from v1.88 on.
var oldProxy, newProxy = litellm.Rules{}, litellm.Rules{Groups: true}

// Repairs are checked against what LiteLLM makes of the rows before and after them, and that against plain set terms.
func TestWorlds(t *testing.T) {
	t.Parallel()
	for _, policy := range policies {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			l := laws{T: t, policy: policy, proxies: newProxies(), seen: map[string]int{}}
			for w := range worlds {
				l.seen["worlds"]++
				if l.check(w); t.Failed() {
					t.Fatal("in the world: ", w)
				}
			}
			for what, least := range map[string]int{
				"worlds": 40_000, "sentinels": 1000, "created rows": 50, "copied rows": 1000, "revokes": 1000,
				"created ceilings": 1000, "removed ceilings": 100, "keys that gain": 1000, "keys that lose": 1000,
			} {
				never := policy == plan.Additive && (what == "revokes" || what == "removed ceilings")
				if n := l.seen[what]; n < least && !never || n > 0 && never {
					t.Errorf("%d %s were seen", n, what)
				}
			}
			t.Logf("seen: %v", l.seen)
		})
	}
}

type laws struct {
	*testing.T
	policy  plan.Policy
	proxies proxies
	seen    map[string]int
}

// outlook is what holds for the keys of one home.
type outlook struct {
	repaired, sentinel bool
	groups             mask
	direct             mask // what was given without groups, and is to stay
	has                mask // what the team is to give in the end
	restricts          bool
}

// sight is what a key reaches by an old and by a new proxy.
type sight struct{ old, new mask }

func (l laws) check(w world) {
	s := w.state()
	homes := [...]outlook{
		inTeam:  l.outlook(s.team, true, w.owned|w.revoked, w.firstGroup|w.lastGroup),
		inOther: l.outlook(s.other, w.both, 0, w.lastGroup),
		nowhere: {},
	}
	own, before := make([]record, len(s.keys)), make([]sight, len(s.keys))
	for i, k := range s.keys {
		own[i], before[i] = content(k.own), l.proxies.look(w, s, k)
	}

	first, second := s.repair(l.policy, &s.team, w.owned, w.revoked, w.firstGroup|w.lastGroup), plan.Change{}
	if w.both {
		second = s.repair(l.policy, &s.other, 0, 0, w.lastGroup)
	}
	l.count(w, first)

	revokes := len(first.Removed)+len(second.Removed) > 0
	for i, k := range s.keys {
		l.checkKey(i, own[i], homes[k.home], before[i], l.proxies.look(w, s, k), revokes)
	}
	l.checkTeam(w, s, first, before[probe].old&serverZ != 0, reaches(own[probe], homes[inTeam])&serverZ != 0)
	if w.both && s.repair(l.policy, &s.other, maskOf(second.Owned), 0, w.lastGroup).Drifted() {
		l.Errorf("there is something left to repair in the other team")
	}
}

func (l laws) checkKey(i int, own record, home outlook, before, after sight, revokes bool) {
	mine := own.servers | own.tools
	gains, gainsNew := after.old&^before.old, after.new&^before.new
	l.tally("keys that gain", gains != 0)
	l.tally("keys that lose", before.old&^after.old != 0)
	if want := reaches(own, home); after.old != want {
		l.Errorf("key %d with %s reaches %s, not %s", i, own, after.old, want)
	}
	if !home.repaired && after.old != before.old {
		l.Errorf("key %d, where nothing was repaired, reached %s and reaches %s", i, before.old, after.old)
	}
	if unnamed := gains &^ (mine | home.groups | home.direct); unnamed != 0 {
		l.Errorf("key %d gained %s, which nobody gave it", i, unnamed)
	}
	// A repair makes old proxies do what new ones do by themselves. On those it does nothing but revoke.
	// Of the word that keeps a key from all servers, only new ones know.
	if own.word == noServers {
		if before.new|after.new != 0 {
			l.Errorf("key %d opted out, reached %s by a new proxy, and reaches %s", i, before.new, after.new)
		}
	} else if home.repaired && !home.sentinel && after.old != after.new {
		l.Errorf("key %d reaches %s by an old proxy, and %s by a new one", i, after.old, after.new)
	}
	if !revokes && after.new != before.new {
		l.Errorf("key %d reached %s by a new proxy, and reaches %s without a revoke", i, before.new, after.new)
	}
	if gainsNew&^mine != 0 {
		l.Errorf("key %d gained %s by a new proxy without naming it", i, gainsNew&^mine)
	}
}

// checkTeam checks what was decided about the repaired team beside its row. It is free where it restricts no key.
func (l laws) checkTeam(w world, s *state, c plan.Change, wasFree, isFree bool) {
	if c.CeilingCreated != (wasFree && !isFree) || c.CeilingRemoved != (!wasFree && isFree) {
		l.Errorf("the team was free: %t, is free: %t, but %+v", wasFree, isFree, c)
	}
	if again := s.repair(l.policy, &s.team, maskOf(c.Owned), 0, w.firstGroup|w.lastGroup); again.Drifted() {
		l.Errorf("there is something left to repair: %+v", again)
	}
	// What groups gave goes with them, and nothing else does; after additive, it does when the policy becomes managed.
	policy, left := l.policy, content(s.team)
	switch {
	case c.Sentinel:
	case policy == plan.Managed:
		left.servers = content(w.row).servers &^ (w.owned | w.revoked)
	case policy == plan.Additive:
		left.servers = content(w.row).servers &^ (w.owned | w.revoked&(w.firstGroup|w.lastGroup))
		policy = plan.Managed
	default:
		left.servers = 0
	}
	s.repair(policy, &s.team, maskOf(c.Owned), 0, 0)
	if got := content(s.team); got.servers != left.servers || got.word != left.word || got.tools != left.tools {
		l.Errorf("without its groups the team has %s, not %s", got, left)
	}
}

// outlook says in terms of sets what a team is to give: what its groups grant and what was given to it directly. Managed
// keeps what the ledger does not know, additive keeps everything, exact keeps nothing; no policy touches tool permissions,
// or a row with the sentinel, which is an unknown id to old proxies.
func (l laws) outlook(row *record, repaired bool, ledger, groups mask) outlook {
	r := content(row)
	o := outlook{repaired: repaired, sentinel: r.word == allProxyServers, groups: groups, direct: r.servers | r.tools}
	if !repaired || o.sentinel {
		o.has, o.restricts = o.direct, o.direct != 0 || o.sentinel
		return o
	}
	switch l.policy {
	case plan.Managed:
		o.direct = r.servers&^ledger | r.tools
	case plan.Exact:
		o.direct = r.tools
	}
	o.has = o.direct | groups
	o.restricts = o.has != 0
	return o
}

// reaches says in terms of sets which servers a key reaches by an old proxy: what its team has, or what both name. A word
// is an unknown id to it.
func reaches(own record, team outlook) mask {
	mine := own.servers | own.tools
	switch {
	case !team.restricts:
		return mine | serverO
	case mine == 0 && own.word == noWord:
		return team.has | serverO
	default:
		return mine&team.has | serverO
	}
}

func (l laws) count(w world, c plan.Change) {
	l.tally("sentinels", c.Sentinel)
	l.tally("created rows", w.row == nil && c.Drifted())
	l.tally("copied rows", slices.Contains(c.Kinds, plan.SharedRow))
	l.tally("revokes", len(c.Removed) > 0)
	l.tally("created ceilings", c.CeilingCreated)
	l.tally("removed ceilings", c.CeilingRemoved)
}

func (l laws) tally(what string, happened bool) {
	if happened {
		l.seen[what]++
	}
}

// proxies ask Registry.Decide which servers a key reaches, each question once.
type proxies struct {
	registry *litellm.Registry
	answers  map[question]mask
}

// question is all that an answer depends on.
type question struct {
	rules                 litellm.Rules
	own, team             record
	firstGroup, lastGroup mask
}

// newProxies knows a group for every set of servers.
func newProxies() proxies {
	groups := map[string][]string{}
	for m := range granted + 1 {
		groups[m.String()] = lists[m]
	}
	return proxies{answers: map[question]mask{}, registry: litellm.NewRegistry([]litellm.Server{
		{ID: "a"}, {ID: "b"}, {ID: "z"}, {ID: "o", OpenToAll: true},
	}, groups)}
}

func (p proxies) look(w world, s *state, k key) sight {
	return sight{old: p.reach(oldProxy, w, s, k), new: p.reach(newProxy, w, s, k)}
}

func (p proxies) reach(rules litellm.Rules, w world, s *state, k key) mask {
	q := question{rules: rules, own: content(k.own), team: record{null: true}}
	switch k.home {
	case inTeam:
		q.team, q.firstGroup, q.lastGroup = content(s.team), w.firstGroup, w.lastGroup
	case inOther:
		q.team, q.lastGroup = content(s.other), w.lastGroup
	}
	answer, known := p.answers[q]
	if !known {
		team := entitlement(q.team)
		team.Groups = list{q.firstGroup.String(), q.lastGroup.String()}
		answer = maskOf(p.registry.Decide(rules, litellm.Key{Own: entitlement(q.own), Team: team}).Allowed.Sorted())
		p.answers[q] = answer
	}
	return answer
}

func entitlement(r record) litellm.Entitlement {
	return litellm.Entitlement{Servers: r.entries(), ToolServers: lists[r.tools]}
}

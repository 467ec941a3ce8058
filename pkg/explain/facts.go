package explain

import (
	"maps"
	"slices"
	"time"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

// lately is how long a revoked entry is listed without being asked for.
const lately = 24 * time.Hour

// facts are all that was read about a subject. What follows from them needs no
// database.
type facts struct {
	registry *litellm.Registry
	// key is nil where a team is explained, team for a key without one.
	key          *litellm.KeyAccess
	team         *litellm.TeamAccess
	organization litellm.Organization // of the team
	claims       []string             // access groups with the team on their list
	memory       memory
	change       plan.Change
	leftOutBy    string
	now          time.Time
}

// subject is the key that LiteLLM decides about. For a team it is a key of the
// team that has nothing of its own.
func (f facts) subject() litellm.Key {
	k := litellm.Key{Organization: f.organization.Entitlement}
	if f.key != nil {
		k = f.key.Key
	}
	if f.team != nil {
		k.Team, k.TeamBlocked = f.team.Entitlement, f.team.Blocked
	}
	return k
}

func (f facts) expired() bool {
	return f.key != nil && f.key.Expires != nil && f.key.Expires.Before(f.now)
}

// sentinel reports whether the team's row grants the whole registry.
func (f facts) sentinel() bool {
	return f.team != nil && slices.Contains(f.team.Servers, litellm.AllProxyServers)
}

// pass decides about the team's row as a pass would.
func (f facts) pass(policy plan.Policy) plan.Change {
	if f.team == nil || !f.memory.known && len(f.team.Groups) == 0 {
		return plan.Change{} // passes do not look at such a team
	}
	state := plan.Team{Owned: f.memory.servers, Revoked: f.memory.revoked}
	for _, group := range f.team.Groups {
		_, servers, _ := f.registry.Group(group)
		for _, s := range servers {
			if litellm.Grantable(s) {
				state.Union = append(state.Union, s)
			}
		}
	}
	slices.Sort(state.Union)
	state.Union = slices.Compact(state.Union)
	if f.team.RowExists {
		state.Row = &litellm.Row{ID: *f.team.RowID, Servers: f.team.Servers,
			OtherGrants: len(f.team.TagGroups)+len(f.team.ToolServers) > 0}
	}
	return plan.Decide(policy, state)
}

// servers explains one server, or all that come into it.
func (f facts) servers(rules litellm.Rules, only string) []Server {
	before, from := f.decide(rules), rules
	from.Groups = true
	after := f.decide(from)
	named := f.sources()
	ids := map[string]bool{}
	if only != "" {
		ids[only] = true
	} else {
		for id := range named {
			ids[id] = true
		}
		maps.Copy(ids, before.verdict.Allowed)
		maps.Copy(ids, after.verdict.Allowed)
		for entry, l := range f.memory.last {
			if l.Removed && f.now.Sub(l.At) < lately {
				maps.Copy(ids, setOf(f.registry.Expand(entry)))
			}
		}
	}
	list := make([]Server, 0, len(ids))
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		s := f.server(id, named[id])
		s.Before, s.From = before.about(s), after.about(s)
		list = append(list, s)
	}
	return list
}

// server is all but the verdicts.
func (f facts) server(id string, named []Source) Server {
	known, inTable := f.registry.Server(id)
	s := Server{
		ID: id, Name: known.Name, Alias: known.Alias, InTable: inTable, Loaded: !known.Unloaded,
		OpenToAll: known.OpenToAll, NamedBy: named,
		Missing: f.names(f.change.Added, id), Excess: f.names(f.change.Removed, id),
	}
	if s.NamedBy == nil {
		s.NamedBy = []Source{}
	}
	inRow := slices.ContainsFunc(named, func(n Source) bool { return n.Of == TeamKind && n.Place == InRow })
	if inRow && (!s.Excess || !f.names(f.memory.revoked, id)) { // there, and not to be revoked again
		return s
	}
	for entry, l := range f.memory.last {
		if l.Removed && slices.Contains(f.registry.Expand(entry), id) && (s.Revoked == nil || l.At.After(s.Revoked.At)) {
			s.Revoked = event(entry, l)
		}
	}
	return s
}

// names reports whether one of the entries stands for the server.
func (f facts) names(entries []string, id string) bool {
	return slices.ContainsFunc(entries, func(e string) bool { return slices.Contains(f.registry.Expand(e), id) })
}

func setOf(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[s] = true
	}
	return set
}

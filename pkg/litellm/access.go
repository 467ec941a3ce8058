package litellm

import (
	"maps"
	"slices"
)

// NoServers in a key's mcp_servers keeps the key from every server, those of
// allow_all_keys included (#31029). Proxies before v1.87.5, v1.88.5 and v1.89.4
// know no such word and take it for an id: it makes the key one that has a list
// of its own and grants nothing, but leaves the other entries and allow_all_keys
// as they are. Nor has it a meaning in the row of a team, which it makes one
// that restricts and grants nothing.
const NoServers = "no-mcp-servers"

// Rules are what LiteLLM's versions and settings change about who may use what.
type Rules struct {
	// Groups is whether a proxy resolves the access groups of teams and keys
	// itself, as from v1.88.0 (#28997, #29313). Before, only permission rows
	// count. With it go the rules that later versions added: NoServers (#31029),
	// AllProxyServers (#32012, v1.92) and what users are entitled to
	// (#35146, v1.96).
	Groups bool
	// RequireKeyAccess is general_settings.require_key_mcp_access_defined: a
	// key without a list of its own does not inherit its team's (#31380).
	RequireKeyAccess bool
}

// Entitlement is what one team, key, organization, user or agent names.
type Entitlement struct {
	// Servers is mcp_servers of the permission row: ids, names or aliases.
	Servers []string
	// TagGroups is mcp_access_groups: the legacy tags that servers carry,
	// nothing to do with access groups.
	TagGroups []string
	// ToolServers are the keys of mcp_tool_permissions, which grant their
	// servers too (#22311), though not to an agent.
	ToolServers []string
	// Groups are the access groups of a team or key.
	Groups []string
}

// Key is what decides which servers a virtual key may use. Left out are the end
// user and the caller's address, known only with the request; toolsets; and what
// the owner of a key without a row adds: all servers for a proxy administrator,
// and the servers that the user submitted (get_allowed_mcp_servers in
// mcp_server_manager.py).
type Key struct {
	Own Entitlement
	// Team is the zero value for a key without a team.
	Team Entitlement
	// TeamBlocked is team.blocked.
	TeamBlocked bool
	// Agent, User and Organization restrict where they name anything: a user
	// under Rules.Groups only (#35146), an organization from v1.84 (#26960).
	Agent, User, Organization Entitlement
}

// Verdict is which servers a key may use and how that came about. The sets
// hold server ids, and entries that no known server goes by as they are.
type Verdict struct {
	// OptedOut is set for a key with NoServers under Rules.Groups: the sets are
	// empty.
	OptedOut bool
	// Refused is set for a key of a blocked team, which LiteLLM turns away
	// before it looks at servers (common_checks in auth_checks.py): the sets
	// are empty.
	Refused bool
	// Own and Team are what key and team name. An empty set does not restrict.
	Own, Team Set
	// Extra is what access groups of the key itself add, whatever the team has.
	Extra Set
	// Base is what key and team come to: one of them, or what both name.
	Base Set
	// Capped is what agent, user and organization take away.
	Capped Set
	// Open are the servers of allow_all_keys, which every key may use.
	Open Set
	// Allowed is the result: the servers that the key may list and call.
	Allowed Set
}

// Decide combines the lists as LiteLLM does (get_allowed_mcp_servers in
// user_api_key_auth_mcp.py, and its wrapper in mcp_server_manager.py).
func (r *Registry) Decide(rules Rules, k Key) Verdict {
	v := Verdict{
		OptedOut: rules.Groups && slices.Contains(k.Own.Servers, NoServers), Refused: k.TeamBlocked,
		Own: Set{}, Team: Set{}, Extra: Set{}, Base: Set{}, Capped: Set{}, Open: Set{}, Allowed: Set{},
	}
	if v.OptedOut || v.Refused {
		return v
	}
	v.Own, v.Team, v.Open = r.named(k.Own), r.team(rules, k), r.open
	if rules.Groups {
		v.Extra = r.expand(r.granted(k.Own.Groups))
	}
	switch {
	case len(v.Team) == 0:
		v.Base = v.Own
	case len(v.Own) > 0:
		v.Base = v.Own.and(v.Team)
	case !rules.RequireKeyAccess:
		v.Base = v.Team
	}
	lists := v.Base.or(v.Extra)
	allowed := lists
	restricted := len(v.Own) > 0 || len(v.Team) > 0 || len(v.Extra) > 0
	for _, ceiling := range r.ceilings(rules, k) {
		if len(ceiling) > 0 {
			allowed, restricted = allowed.and(ceiling), true
		}
	}
	if organization := r.named(k.Organization); len(organization) > 0 {
		if restricted {
			allowed = allowed.and(organization)
		} else { // nothing below names anything: the ceiling is the list
			allowed = organization
		}
	}
	v.Capped = lists.without(allowed)
	v.Allowed = r.reachable(allowed.or(r.open))
	return v
}

// ceilings are what an agent and a user take away. LiteLLM grants nothing by
// the tool permissions of an agent (_get_allowed_mcp_servers_for_agent).
func (r *Registry) ceilings(rules Rules, k Key) []Set {
	agent := r.named(Entitlement{Servers: k.Agent.Servers, TagGroups: k.Agent.TagGroups})
	if !rules.Groups {
		return []Set{agent}
	}
	return []Set{agent, r.named(k.User)}
}

// team is what a key's team names. AllProxyServers counts in the team's own row
// and nowhere else, and puts everything beside it out of effect. The lists of
// access groups are taken as ids: names in them match nothing
// (_team_granted_servers, _allowed_mcp_servers_for_single_team).
func (r *Registry) team(rules Rules, k Key) Set {
	switch {
	case !rules.Groups:
		return r.named(k.Team)
	case slices.Contains(k.Team.Servers, AllProxyServers):
		return r.everything(k)
	default:
		return r.named(k.Team).or(setOf(r.granted(k.Team.Groups)))
	}
}

// named is what the permission row of an entitlement names.
func (r *Registry) named(e Entitlement) Set {
	set := r.expand(e.Servers).or(r.expand(e.ToolServers))
	for _, tag := range e.TagGroups {
		for _, id := range r.tags[tag] {
			set[id] = true
		}
	}
	return set
}

// granted is what access groups list.
func (r *Registry) granted(groups []string) []string {
	var list []string
	for _, id := range groups {
		list = append(list, r.groups[id]...)
	}
	return list
}

// everything is LiteLLM's whole registry. Servers of its config file are known
// here only by being named.
func (r *Registry) everything(k Key) Set {
	all := r.expand(r.granted(k.Team.Groups))
	for _, e := range []Entitlement{k.Team, k.Own, k.Agent, k.User, k.Organization} {
		all = all.or(r.named(e))
	}
	for id := range r.servers {
		all[id] = true
	}
	return r.reachable(all)
}

// reachable leaves out what cannot be called: servers that proxies do not load,
// words that stand for no server, and names where only an id counts.
func (r *Registry) reachable(s Set) Set {
	set := Set{}
	for e := range s {
		if _, id := r.servers[e]; !id && len(r.byName[e]) > 0 {
			continue
		}
		if e != "" && e != NoServers && e != AllProxyServers && !r.unloaded[e] {
			set[e] = true
		}
	}
	return set
}

// Set is a set of servers.
type Set map[string]bool

// Sorted lists the elements.
func (s Set) Sorted() []string { return slices.Sorted(maps.Keys(s)) }

func setOf(list []string) Set {
	set := Set{}
	for _, s := range list {
		set[s] = true
	}
	return set
}

func (s Set) or(other Set) Set {
	set := maps.Clone(s)
	maps.Copy(set, other)
	return set
}

func (s Set) and(other Set) Set {
	set := Set{}
	for e := range s {
		if other[e] {
			set[e] = true
		}
	}
	return set
}

func (s Set) without(other Set) Set {
	set := Set{}
	for e := range s {
		if !other[e] {
			set[e] = true
		}
	}
	return set
}

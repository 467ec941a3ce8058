package litellm

import (
	"maps"
	"slices"
)

// NoServers in a key's mcp_servers keeps the key from every server, whatever
// its team has (SpecialMCPServerNames in user_api_key_auth_mcp.py).
const NoServers = "no-mcp-servers"

// Rules are what LiteLLM's versions and settings change about who may use what.
type Rules struct {
	// Groups is whether a proxy resolves the access groups of teams and keys
	// itself, as from v1.88.0 (#28997). Before, only permission rows count.
	Groups bool
	// RequireKeyAccess is general_settings.require_key_mcp_access_defined: a
	// key without a list of its own does not inherit its team's.
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
	// servers too (#22311).
	ToolServers []string
	// Groups are the access groups of a team or key.
	Groups []string
}

// Key is all that decides which servers a virtual key may use. An end user is
// known only with the request, and is left out.
type Key struct {
	Own Entitlement
	// Team is the zero value for a key without a team.
	Team Entitlement
	// TeamBlocked is team.blocked, on which LiteLLM's newest versions drop what
	// the team grants.
	TeamBlocked bool
	// Agent, User and Organization restrict where they name anything.
	Agent, User, Organization Entitlement
}

// Verdict is which servers a key may use and how that came about. The sets
// hold server ids, and entries that no known server goes by as they are.
type Verdict struct {
	// OptedOut is set for a key with NoServers: the other fields are empty.
	OptedOut bool
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
	own := r.named(k.Own)
	if own[NoServers] {
		return Verdict{OptedOut: true, Own: own, Team: Set{}, Extra: Set{}, Base: Set{}, Capped: Set{}, Open: Set{}, Allowed: Set{}}
	}
	v := Verdict{Own: own, Team: r.team(rules, k), Extra: Set{}, Capped: Set{}, Open: r.open}
	if rules.Groups {
		v.Extra = r.expand(r.granted(k.Own.Groups))
	}
	switch {
	case len(v.Team) == 0:
		v.Base = v.Own
	case len(v.Own) > 0:
		v.Base = v.Own.and(v.Team)
	case rules.RequireKeyAccess:
		v.Base = Set{}
	default:
		v.Base = v.Team
	}
	lists := v.Base.or(v.Extra)
	allowed := lists
	restricted := len(v.Own) > 0 || len(v.Team) > 0 || len(v.Extra) > 0
	for _, ceiling := range []Set{r.named(k.Agent), r.named(k.User)} {
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
	v.Allowed = allowed.or(r.open).without(r.unloaded)
	return v
}

// team is what a key's team names. Its access groups are not expanded: names
// in them match nothing (_allowed_mcp_servers_for_single_team).
func (r *Registry) team(rules Rules, k Key) Set {
	if rules.Groups && k.TeamBlocked {
		return Set{}
	}
	team := r.named(k.Team)
	if !rules.Groups {
		return team
	}
	team = team.or(setOf(r.granted(k.Team.Groups)))
	if team[AllProxyServers] { // from about v1.91 (#32012)
		team = r.everything(k)
	}
	return team
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

// granted is what access groups list. AllProxyServers in one is not expanded
// by LiteLLM, but treated as if the team's own row held it.
func (r *Registry) granted(groups []string) []string {
	var list []string
	for _, id := range groups {
		list = append(list, r.groups[id]...)
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// everything is LiteLLM's whole registry. Servers of its config file are known
// here only by being named.
func (r *Registry) everything(k Key) Set {
	all := r.named(k.Own).or(r.named(k.Agent)).or(r.named(k.User)).or(r.named(k.Organization)).or(r.named(k.Team))
	for id := range r.servers {
		all[id] = true
	}
	delete(all, AllProxyServers)
	return all
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

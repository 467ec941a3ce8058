package explain

import (
	"slices"

	"litellm-reconciler/pkg/litellm"
)

// Reason is why a server is allowed or not.
type Reason string

// Reasons to allow.
const (
	// OpenToAll is allow_all_keys.
	OpenToAll Reason = "allow_all_keys"
	// ByTeam: the key has no list of its own, and the team names it.
	ByTeam Reason = "team"
	// ByKey: the key's list names it, and the team restricts nothing.
	ByKey Reason = "key"
	// ByBoth: the lists of key and team name it.
	ByBoth Reason = "key_and_team"
	// ByKeyGroup: an access group of the key lists it, whatever the team has.
	ByKeyGroup Reason = "key_access_group"
	// ByOrganization: nothing else names anything, so that the organization's
	// limit is the list.
	ByOrganization Reason = "organization"
)

// Reasons to refuse.
const (
	KeyBlocked  Reason = "key_blocked"
	KeyExpired  Reason = "key_expired"
	TeamBlocked Reason = "team_blocked"
	OptedOut    Reason = "key_opted_out"
	// NotLoaded: the server waits for approval, or was rejected.
	NotLoaded Reason = "not_loaded"
	// NotInKey: the team names it, and the key has a list that does not.
	NotInKey Reason = "not_in_key"
	// NotInTeam: the key's list names it, and the team restricts to others.
	NotInTeam Reason = "not_in_team"
	// KeyNeedsList: the team names it, but require_key_mcp_access_defined keeps
	// keys without a list from it.
	KeyNeedsList Reason = "key_needs_list"
	// GroupsNotAsked: access groups list it, which these proxies do not ask.
	GroupsNotAsked Reason = "access_groups_not_asked"
	// GroupByName: a group of the team lists it by a name, where only ids count.
	GroupByName Reason = "access_group_lists_name"
	// SentinelUnknown: the team's row grants all servers by a word that proxies
	// before v1.92 take for an id (LiteLLM #32012).
	SentinelUnknown Reason = "sentinel_unknown"
	// NotNamed: nothing that the key has names it.
	NotNamed Reason = "not_named"
	// Limits that do not name it.
	LimitedByAgent        Reason = "limited_by_agent"
	LimitedByUser         Reason = "limited_by_user"
	LimitedByOrganization Reason = "limited_by_organization"
)

// decision is what proxies of one kind decide about all servers.
type decision struct {
	facts
	rules   litellm.Rules
	verdict litellm.Verdict
	without []exception
}

func (f facts) decide(rules litellm.Rules) decision {
	return decision{f, rules, f.registry.Decide(rules, f.subject()), f.exceptions(rules)}
}

// about says what becomes of one server, and why.
func (d decision) about(s Server) Verdict {
	v := d.verdictOn(s)
	if len(d.refusals(s)) == 0 {
		v.Because = append(v.Because, d.reservations(s, v)...)
	}
	return v
}

func (d decision) verdictOn(s Server) Verdict {
	if refusals := d.refusals(s); len(refusals) > 0 {
		return Verdict{Because: refusals}
	}
	if d.verdict.Allowed[s.ID] {
		return Verdict{Allowed: true, Because: d.grants(s.ID)}
	}
	if d.verdict.Base[s.ID] || d.verdict.Extra[s.ID] {
		if limits := d.limits(s.ID); len(limits) > 0 {
			return Verdict{Because: limits}
		}
	}
	return Verdict{Because: d.gaps(s)}
}

// refusals are what no list can make up for.
func (d decision) refusals(s Server) (reasons []Reason) {
	for _, r := range []struct {
		applies bool
		reason  Reason
	}{
		{d.key != nil && d.key.Blocked, KeyBlocked}, // user_api_key_auth.py, as for an expired key
		{d.expired(), KeyExpired},
		{d.team != nil && d.team.Blocked, TeamBlocked}, // common_checks in auth_checks.py
		{d.verdict.OptedOut, OptedOut},
		{!s.Loaded, NotLoaded},
	} {
		if r.applies {
			reasons = append(reasons, r.reason)
		}
	}
	return reasons
}

func (d decision) grants(id string) (reasons []Reason) {
	v := d.verdict
	if v.Open[id] {
		reasons = append(reasons, OpenToAll)
	}
	if v.Capped[id] {
		return reasons
	}
	switch {
	case !v.Base[id]:
	case len(v.Own) == 0:
		reasons = append(reasons, ByTeam)
	case len(v.Team) == 0:
		reasons = append(reasons, ByKey)
	default:
		reasons = append(reasons, ByBoth)
	}
	if v.Extra[id] {
		reasons = append(reasons, ByKeyGroup)
	}
	if len(reasons) == 0 {
		reasons = append(reasons, ByOrganization)
	}
	return reasons
}

// limits asks of each who restricts the key whether it alone would take the
// server away.
func (d decision) limits(id string) (reasons []Reason) {
	subject, own := d.subject(), litellm.Entitlement{Servers: []string{id}}
	for _, limit := range []struct {
		alone  litellm.Key
		reason Reason
	}{
		{litellm.Key{Own: own, Agent: subject.Agent}, LimitedByAgent},
		{litellm.Key{Own: own, User: subject.User}, LimitedByUser},
		{litellm.Key{Own: own, Organization: subject.Organization}, LimitedByOrganization},
	} {
		if d.registry.Decide(d.rules, limit.alone).Capped[id] {
			reasons = append(reasons, limit.reason)
		}
	}
	return reasons
}

// gaps say why neither key nor team come to the server.
func (d decision) gaps(s Server) (reasons []Reason) {
	v := d.verdict
	switch {
	case v.Own[s.ID]:
		reasons = append(reasons, NotInTeam)
	case v.Team[s.ID] && len(v.Own) > 0:
		reasons = append(reasons, NotInKey)
	case v.Team[s.ID]:
		reasons = append(reasons, KeyNeedsList)
	default:
		reasons = append(reasons, NotNamed)
	}
	if v.Team[s.ID] {
		return reasons
	}
	grouped := func(of Kind) bool {
		return slices.ContainsFunc(s.NamedBy, func(n Source) bool { return n.Place == InGroup && n.Of == of })
	}
	switch {
	case d.rules.Groups && grouped(TeamKind):
		reasons = append(reasons, GroupByName)
	case !d.rules.Groups && (grouped(TeamKind) || grouped(KeyKind)):
		reasons = append(reasons, GroupsNotAsked)
	}
	if !d.rules.Groups && d.sentinel() {
		reasons = append(reasons, SentinelUnknown)
	}
	return reasons
}

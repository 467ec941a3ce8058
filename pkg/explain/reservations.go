package explain

import (
	"slices"

	"litellm-reconciler/pkg/litellm"
)

// Reservations follow the reasons of verdicts that rest on a rule which not all
// proxies of that side of v1.88 have.
const (
	// OptOutUnknown: the key opted out by a word that proxies without #31029
	// (v1.87.5, v1.88.5, v1.89.4) take for an id.
	OptOutUnknown Reason = "opt_out_unknown"
	// SentinelIsNew: proxies before v1.92 take the team's word for all
	// servers for an id (#32012).
	SentinelIsNew Reason = "sentinel_is_new"
	// UserLimitIsNew: only proxies from v1.96 let a user's list limit keys
	// (#35146).
	UserLimitIsNew Reason = "user_limit_is_new"
	// OrganizationLimitIsNew: only proxies from v1.84 let an organization's list
	// limit keys (#26960).
	OrganizationLimitIsNew Reason = "organization_limit_is_new"
)

// exception is what proxies allow that do not have a newer rule.
type exception struct {
	reason  Reason
	limit   Reason // "" for a rule that does not limit
	allowed litellm.Set
}

func (f facts) exceptions(rules litellm.Rules) (list []exception) {
	for _, rule := range []struct {
		reason, limit Reason
		drop          func(*litellm.Key)
	}{
		{SentinelIsNew, "", func(k *litellm.Key) { k.Team.Servers = withoutSentinel(k.Team.Servers) }},
		{UserLimitIsNew, LimitedByUser, func(k *litellm.Key) { k.User = litellm.Entitlement{} }},
		{OrganizationLimitIsNew, LimitedByOrganization, func(k *litellm.Key) { k.Organization = litellm.Entitlement{} }},
	} {
		subject := f.subject()
		rule.drop(&subject)
		list = append(list, exception{rule.reason, rule.limit, f.registry.Decide(rules, subject).Allowed})
	}
	return list
}

// reservations name the newer rules that a verdict rests on: where it would be
// another one without the rule, or one of several limits is by the rule.
func (d decision) reservations(s Server, v Verdict) (reasons []Reason) {
	if !d.rules.Groups && slices.Contains(d.subject().Own.Servers, litellm.NoServers) {
		reasons = append(reasons, OptOutUnknown)
	}
	for _, e := range d.without {
		if slices.Contains(v.Because, e.limit) || e.allowed[s.ID] != v.Allowed {
			reasons = append(reasons, e.reason)
		}
	}
	return reasons
}

// withoutSentinel has a word in the sentinel's place that no proxy knows.
func withoutSentinel(entries []string) []string {
	if !slices.Contains(entries, litellm.AllProxyServers) {
		return entries
	}
	entries = slices.Clone(entries)
	for i, entry := range entries {
		if entry == litellm.AllProxyServers {
			entries[i] = litellm.NoServers // which has no meaning in a team's row
		}
	}
	return entries
}

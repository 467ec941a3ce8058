package cli

import (
	"slices"
	"strings"

	"litellm-reconciler/pkg/explain"
)

// reasons puts a verdict's reasons into words. groups is whether it is that of
// proxies that ask access groups.
func (e *explanation) reasons(s explain.Server, v explain.Verdict, groups bool) string {
	texts := make([]string, len(v.Because))
	for i, r := range v.Because {
		texts[i] = e.because(r, s, groups)
	}
	return strings.Join(texts, "; ")
}

func (e *explanation) because(r explain.Reason, s explain.Server, groups bool) string {
	switch r {
	case explain.OpenToAll:
		return "it is open to all keys"
	case explain.ByTeam:
		text := "the team has it by its " + e.ways(s, groups)
		if e.Key != nil {
			text += ", and the key has no list of its own"
		}
		return text
	case explain.ByKey:
		if e.Team == nil {
			return "the key's own list names it"
		}
		return "the key's own list names it, and an empty list of the team does not restrict"
	case explain.ByBoth:
		return "the lists of key and team both name it"
	case explain.ByKeyGroup:
		return "an access group of the key lists it, whatever the team has"
	case explain.ByOrganization:
		return "key and team name nothing, so that the organization's limit is the list"
	case explain.KeyBlocked:
		return "the key is blocked"
	case explain.KeyExpired:
		return "the key has expired"
	case explain.TeamBlocked:
		return "the team is blocked"
	case explain.OptedOut:
		return "no-mcp-servers keeps the key from every server (as of v1.87.5, v1.88.5 and v1.89.4)"
	case explain.NotLoaded:
		return "proxies do not load the server"
	case explain.NotInKey:
		return "the key has a list of its own that does not name it: LiteLLM intersects the two"
	case explain.NotInTeam:
		return "the key's list names it, the team's does not: LiteLLM intersects the two"
	case explain.KeyNeedsList:
		return "keys without a list of their own have nothing (require_key_mcp_access_defined)"
	case explain.GroupsNotAsked:
		return "these proxies do not ask access groups (LiteLLM issue 27657)"
	case explain.GroupByName:
		return "these proxies ask access groups for ids, and the list has a name"
	case explain.SentinelUnknown:
		return "these proxies do not know all-proxy-mcpservers, as those from v1.92 do"
	case explain.LimitedByAgent:
		return "the key's agent has a list that does not name it"
	case explain.LimitedByUser:
		return "the key's user has a list that does not name it"
	case explain.LimitedByOrganization:
		return "the organization has a list that does not name it"
	case explain.NotNamed:
		return e.notNamed(s)
	}
	return reservation(r)
}

// reservation says which proxies a verdict does not hold for.
func reservation(r explain.Reason) string {
	switch r {
	case explain.OptOutUnknown:
		return "proxies before v1.87.5 take no-mcp-servers for an id, later ones keep the key from every server"
	case explain.SentinelIsNew:
		return "proxies before v1.92 take all-proxy-mcpservers for an id, and decide otherwise"
	case explain.UserLimitIsNew:
		return "proxies before v1.96 do not ask for a user's list (LiteLLM #35146)"
	case explain.OrganizationLimitIsNew:
		return "proxies before v1.84 do not ask for an organization's list (LiteLLM #26960)"
	}
	return string(r)
}

// ways are the places by which a team comes to a server.
func (e *explanation) ways(s explain.Server, groups bool) string {
	var list []string
	for _, p := range []struct {
		place explain.Place
		text  string
	}{
		{explain.InRow, "permission row"}, {explain.InTools, "tool permissions"},
		{explain.InTag, "tag groups"}, {explain.InGroup, "access groups"},
	} {
		if len(e.places(s, explain.TeamKind, p.place)) > 0 && (groups || p.place != explain.InGroup) {
			list = append(list, p.text)
		}
	}
	return strings.Join(list, ", ")
}

func (e *explanation) notNamed(s explain.Server) string {
	grouped := len(e.places(s, explain.TeamKind, explain.InGroup))+len(e.places(s, explain.KeyKind, explain.InGroup)) > 0
	switch {
	case e.Team == nil:
		return "the key's list does not name it"
	case e.Key == nil && grouped:
		return "the team's permission row does not name it"
	case e.Key == nil:
		return "neither the team's permission row nor its access groups name it"
	case grouped:
		return "no permission row names it"
	}
	return "neither permission rows nor access groups name it"
}

// remedies are what would change a verdict of no.
func (e *explanation) remedies(s explain.Server) (list []string) {
	if s.Excess && e.Team.Drift.LeftOutBy == "" {
		list = append(list, "to keep it, attach an access group that lists it before the next pass")
	}
	if s.Before.Allowed && s.From.Allowed {
		return list
	}
	refused := slices.Concat(s.Before.Because, s.From.Because)
	if slices.Contains(refused, explain.OptedOut) { // which has to go first
		refused = s.From.Because
	}
	for _, r := range []struct {
		reason explain.Reason
		remedy string
	}{
		{explain.KeyBlocked, "unblock the key in LiteLLM"},
		{explain.KeyExpired, "give the key a later expiry in LiteLLM, or use another one"},
		{explain.TeamBlocked, "unblock the team in LiteLLM"},
		{explain.OptedOut, "take no-mcp-servers out of the key's list"},
		{explain.NotLoaded, "approve the server in LiteLLM"},
		{explain.NotInKey, "add it to the key's own list, or empty that list: the key then has what its team has"},
		{explain.KeyNeedsList, "add it to the key's own list"},
		{explain.LimitedByAgent, "add it to the agent's list"},
		{explain.LimitedByUser, "add it to the user's list"},
		{explain.LimitedByOrganization, "add it to the organization's list"},
		{explain.GroupByName, "put the server's id into the access group"},
		{explain.SentinelUnknown, "list the servers beside all-proxy-mcpservers, or use newer proxies"},
	} {
		if slices.Contains(refused, r.reason) {
			list = append(list, r.remedy)
		}
	}
	switch {
	case e.Team == nil:
		if slices.Contains(refused, explain.NotNamed) {
			list = append(list, "add it to the key's own list")
		}
	case s.Missing && e.Team.Drift.LeftOutBy != "":
		list = append(list, "passes leave this team out ("+e.Team.Drift.LeftOutBy+"): change that, or add the server to the row by hand")
	case s.Missing:
		list = append(list, "a pass would add it: run litellm-reconciler --once")
	case len(e.places(s, explain.TeamKind, explain.InGroup))+len(e.places(s, explain.TeamKind, explain.InRow)) > 0:
	case !slices.Contains(refused, explain.NotNamed) && !slices.Contains(refused, explain.NotInTeam):
	case len(e.wouldGrant(s)) > 0:
		g := e.wouldGrant(s)[0]
		list = append(list, "give the team the access group "+e.idName(g.ID, g.Name)+", with the others it has: POST /team/update with access_group_ids")
	default:
		list = append(list, "attach an access group that lists it to the team")
	}
	return list
}

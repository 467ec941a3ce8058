package cli

import (
	"slices"

	"litellm-reconciler/pkg/explain"
)

// overview shows the subject and every server that comes into it.
func (e *explanation) overview() {
	if e.Key != nil {
		e.printf("%s\n", e.bold("Key "+e.keyName()))
		e.aboutKey()
		e.printf("\n")
	}
	if e.Team != nil {
		e.printf("%s\n", e.bold("Team "+e.teamName()))
		e.aboutTeam()
		e.printf("\n")
	}
	if len(e.Servers) == 0 {
		e.printf("Nothing names any server: a key gets an empty list, and 403 where it calls one.\n")
	} else {
		e.servers()
	}
	e.caches()
}

func (e *explanation) aboutKey() {
	k := e.Key
	e.line("team", "%s", e.teamOfKey())
	e.state()
	switch {
	case k.OptedOut:
		e.line("own list", "holds no-mcp-servers, which keeps it from every server (proxies before v1.87.5 take it for an id)")
		e.lists("", k.Own)
	case k.Own.Empty() && e.RequireKeyAccess:
		e.line("own list", "none, so it has nothing (require_key_mcp_access_defined)")
	case k.Own.Empty() && e.Team != nil:
		e.line("own list", "none, so it has what its team has")
	default:
		e.lists("own list", k.Own)
	}
	e.groups(k.Groups, ": counts from v1.88 on, whatever the team has")
	e.limits()
}

func (e *explanation) limits() {
	e.limit("agent", e.Key.Agent)
	e.limit("user", e.Key.User)
	e.limit("organization", e.Key.Organization)
}

// teamOfKey tells a team that does not exist from none.
func (e *explanation) teamOfKey() string {
	switch {
	case e.Team != nil:
		return e.teamName()
	case e.Key.TeamID == "":
		return "none"
	case e.Key.TeamID == "litellm-dashboard":
		return "litellm-dashboard, which LiteLLM gives the keys of its own UI"
	}
	return explain.Printable(e.Key.TeamID) + e.yellow(", which does not exist: taken here for no team, newer versions may refuse the key")
}

// state is what makes LiteLLM refuse a key altogether.
func (e *explanation) state() {
	if e.Key != nil && e.Key.Blocked {
		e.line("blocked", "%s", e.red("LiteLLM refuses the key"))
	}
	if e.Key != nil && e.Key.Expired {
		e.line("expired", "%s", e.red(e.when(*e.Key.Expires)+": LiteLLM refuses the key"))
	}
}

func (e *explanation) aboutTeam() {
	t := e.Team
	if t.Blocked {
		e.line("blocked", "%s", e.red("LiteLLM refuses the team's keys"))
	}
	switch {
	case t.RowID == nil:
		e.line("permission row", "none")
	case !t.RowExists:
		e.line("permission row", "%s%s", explain.Printable(*t.RowID), e.yellow(", which does not exist"))
	case t.Row.Empty():
		e.line("permission row", "%s: names nothing, which does not restrict keys", explain.Printable(*t.RowID))
	default:
		e.line("permission row", "%s", explain.Printable(*t.RowID))
		e.lists("", t.Row)
	}
	e.groups(t.Groups, "")
	for _, g := range t.Mismatched {
		e.mismatched(g)
	}
	if e.Key == nil { // a key's own says it
		e.limit("organization", t.Organization)
	}
	if e.RequireKeyAccess {
		e.line("keys", "without a list of their own have nothing (require_key_mcp_access_defined)")
	}
	e.drift()
}

// drift says what a pass would do about the team.
func (e *explanation) drift() {
	d := e.Team.Drift
	if !e.Ledger {
		e.line("ledger", "not installed: nothing is known to be granted by litellm-reconciler")
	}
	switch {
	case d.Sentinel:
		e.line("drift", "the row holds all-proxy-mcpservers and is left alone")
	case len(d.Missing)+len(d.Excess) == 0:
		e.line("drift", "none")
	default:
		if len(d.Missing) > 0 {
			e.line("drift", "%s", e.yellow("the row lacks "+e.listed(d.Missing)+e.pass(": a pass would add it")))
		}
		if len(d.Excess) > 0 {
			e.line("drift", "%s", e.yellow("no access group grants "+e.listed(d.Excess)+e.pass(": a pass would take it out")))
		}
	}
	switch {
	case d.CeilingCreated:
		e.line("", "the row then limits keys with a list of their own, which it does not yet")
	case d.CeilingRemoved:
		e.line("", "the row then is empty, and keys with a list of their own have all of it")
	}
	if d.LeftOutBy != "" {
		e.line("left out", "%s", e.yellow("of passes, by "+d.LeftOutBy))
	}
}

// pass is what a pass would do, unless passes leave the team out.
func (e *explanation) pass(text string) string {
	if e.Team.Drift.LeftOutBy != "" {
		return ", and passes leave this team out"
	}
	return text
}

func (e *explanation) lists(label string, l explain.Lists) {
	for _, part := range []struct {
		what    string
		entries []string
	}{{"mcp_servers", l.Servers}, {"mcp_tool_permissions", l.ToolServers}, {"mcp_access_groups (legacy tags)", l.TagGroups}} {
		if len(part.entries) > 0 {
			e.line(label, "%s: %s", part.what, e.listed(part.entries))
			label = ""
		}
	}
	if l.Empty() {
		e.line(label, "none")
	}
}

func (e *explanation) groups(groups []explain.Group, note string) {
	label := "access groups"
	for _, g := range groups {
		switch {
		case g.Dangling:
			e.line(label, "%s%s", explain.Printable(g.ID), e.yellow(", which does not exist"))
		case len(g.Servers) == 0:
			e.line(label, "%s: no MCP servers", e.idName(g.ID, g.Name))
		default:
			e.line(label, "%s%s: %s", e.idName(g.ID, g.Name), note, e.listed(g.Servers))
		}
		label = ""
	}
}

// mismatched is what LiteLLM before v1.82 leaves when a team is assigned to a
// group, and not the group to the team.
func (e *explanation) mismatched(g explain.Group) {
	e.line("mismatched", "%s", e.yellow("access group "+e.idName(g.ID, g.Name)+" has the team on its list, and the team does not have the group, which is what counts"))
}

func (e *explanation) limit(who string, l *explain.Lists) {
	if l != nil {
		e.line(who, "limits to %s", e.listed(slices.Concat(l.Servers, l.ToolServers, l.TagGroups)))
	}
}

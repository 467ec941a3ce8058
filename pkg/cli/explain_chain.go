package cli

import (
	"fmt"
	"slices"
	"strings"

	"litellm-reconciler/pkg/explain"
)

// chain gives the verdict on one server, and then the facts that led to it, a
// line each.
func (e *explanation) chain(s explain.Server) {
	e.printf("%s\n\n", e.bold(e.sentence(s)))
	if e.Key != nil {
		e.line("key", "%s", e.keyInChain())
		e.state()
		e.named(s, explain.KeyKind)
		e.limits()
	}
	if e.Team != nil {
		e.line("team", "%s", e.teamName())
		if e.Team.Blocked {
			e.line("blocked", "LiteLLM refuses the team's keys")
		}
		for _, g := range e.Team.Groups {
			if g.Dangling {
				e.line("access group", "%s does not exist", explain.Printable(g.ID))
			}
		}
		e.named(s, explain.TeamKind)
		for _, g := range e.wouldGrant(s) {
			e.mismatched(g)
		}
		e.row(s)
		if e.Key == nil {
			e.limit("organization", e.Team.Organization)
		}
	}
	e.server(s)
	e.printf("\n")
	e.line("before v1.88", "%s: %s", e.yesNo(s.Before.Allowed), e.reasons(s, s.Before, false))
	e.line("from v1.88", "%s: %s", e.yesNo(s.From.Allowed), e.reasons(s, s.From, true))
	for i, remedy := range e.remedies(s) {
		label := ""
		if i == 0 {
			label = "what to do"
		}
		e.line(label, "%s", remedy)
	}
	e.caches()
}

func (e *explanation) sentence(s explain.Server) string {
	who := ""
	if e.Key != nil {
		who = "key " + explain.Printable(e.Key.Name())
	} else {
		who = "keys of team " + e.teamName() + " without a list of their own"
	}
	return fmt.Sprintf("May %s use %s? Before v1.88: %s. From v1.88: %s.", who, s.Label(), e.yesNo(s.Before.Allowed), e.yesNo(s.From.Allowed))
}

func (e *explanation) keyInChain() string {
	text := e.keyName()
	switch {
	case e.Key.OptedOut:
		return text + ": its list holds no-mcp-servers"
	case e.Key.Own.Empty():
		text += ": no list of its own"
	default:
		text += ": has a list of its own"
	}
	if e.Team == nil {
		text += "; team: " + e.teamOfKey()
	}
	return text
}

// named lists the places of a team or key that name the server, access groups
// first: rows follow from them.
func (e *explanation) named(s explain.Server, of explain.Kind) {
	for _, n := range e.places(s, of, explain.InGroup) {
		e.line("access group", "%s of the %s lists it%s", e.idName(n.Group, n.GroupName), of, e.as(n, s))
	}
	for _, n := range e.places(s, of, explain.InRow) {
		if of == explain.KeyKind {
			e.line("own list", "names it%s", e.as(n, s))
		} else {
			e.line("permission row", "names it%s: %s", e.as(n, s), e.origin(n, s))
		}
	}
	for _, n := range e.places(s, of, explain.InTools) {
		e.line("tool permissions", "of the %s have an entry for it%s, which grants it too (mcp_tool_permissions)", of, e.as(n, s))
	}
	for _, n := range e.places(s, of, explain.InTag) {
		e.line("tag group", "%s: the %s has it, and the server carries it (legacy mcp_access_groups)", explain.Printable(n.Entry), of)
	}
}

func (e *explanation) places(s explain.Server, of explain.Kind, place explain.Place) (list []explain.Source) {
	for _, n := range s.NamedBy {
		if n.Of == of && n.Place == place {
			list = append(list, n)
		}
	}
	return list
}

// origin says who put an entry into a row.
func (e *explanation) origin(n explain.Source, s explain.Server) string {
	switch {
	case n.Granted != nil:
		text := "owned, granted " + e.when(n.Granted.At) + " by run " + n.Granted.Run
		if len(n.Granted.Groups) > 0 {
			text += " for access group " + e.listed(n.Granted.Groups)
		}
		return text
	case n.Owned:
		return "owned, granted by litellm-reconciler"
	case s.Revoked != nil:
		return "written back after it was taken out"
	case !e.Ledger:
		return "direct, as far as is known: the ledger is not installed"
	}
	return "direct, granted by an administrator"
}

// row says what the team's row lacks, and what it lost.
func (e *explanation) row(s explain.Server) {
	switch {
	case len(e.places(s, explain.TeamKind, explain.InRow)) > 0:
	case e.Team.RowID == nil || !e.Team.RowExists:
		e.line("permission row", "the team has none")
	case e.Team.Row.Empty():
		e.line("permission row", "names nothing, and an empty list does not restrict")
	default:
		e.line("permission row", "does not name it")
	}
	switch {
	case s.Missing:
		e.line("drift", "%s", e.yellow("an access group grants it and the row lacks it"+e.pass(": a pass would add it")))
	case s.Excess && s.Revoked != nil:
		e.line("drift", "%s", e.yellow("no access group grants it"+e.pass(": a pass would take it out once more")))
	case s.Excess:
		e.line("drift", "%s", e.yellow("no access group grants it"+e.pass(": a pass would take it out of the row")))
	}
	if s.Revoked == nil {
		return
	}
	e.line("revoked", "taken out of the row %s by run %s%s", e.when(s.Revoked.At), s.Revoked.Run, e.asEntry(s.Revoked.Entry, s))
	left := strings.Join(e.left(s), ", ")
	switch {
	case left == "":
		e.line("", "nothing else names it")
	case s.From.Allowed && !s.Before.Allowed:
		e.line("", "%s", e.yellow("still reachable, from v1.88 only, through "+left))
	case s.Before.Allowed:
		e.line("", "%s", e.yellow("still reachable through "+left))
	default:
		e.line("", "still named by %s, which does not suffice", left)
	}
}

// left is what names a server that was taken out of the row.
func (e *explanation) left(s explain.Server) []string {
	var left []string
	for _, n := range s.NamedBy {
		switch n.Place {
		case explain.InRow:
			left = append(left, map[explain.Kind]string{explain.KeyKind: "the key's own list", explain.TeamKind: "the row, where it is back"}[n.Of])
		case explain.InTools:
			left = append(left, fmt.Sprintf("mcp_tool_permissions of the %s", n.Of))
		case explain.InTag:
			left = append(left, fmt.Sprintf("legacy tag group %s of the %s", explain.Printable(n.Entry), n.Of))
		case explain.InGroup:
			left = append(left, fmt.Sprintf("access group %s of the %s", e.idName(n.Group, n.GroupName), n.Of))
		case explain.InServer:
			left = append(left, "allow_all_keys of the server")
		}
	}
	return left
}

// server is what has nothing to do with who asks for it.
func (e *explanation) server(s explain.Server) {
	if s.OpenToAll {
		e.line("server", "is open to all keys (allow_all_keys)")
	}
	if !s.InTable {
		e.line("server", "is not in LiteLLM's server table (config file?)")
	}
	if !s.Loaded {
		e.line("server", "waits for approval, or was rejected: proxies do not load it")
	}
	if len(s.NamedBy) == 0 {
		e.line("server", "is named by nothing that counts here")
	}
}

// wouldGrant are the access groups that list a server and have the team on their
// list, but do not count.
func (e *explanation) wouldGrant(s explain.Server) (groups []explain.Group) {
	for _, g := range e.Team.Mismatched {
		if slices.ContainsFunc(g.Servers, func(entry string) bool { return entry == s.ID || entry != "" && (entry == s.Name || entry == s.Alias) }) {
			groups = append(groups, g)
		}
	}
	return groups
}

func (e *explanation) asEntry(entry string, s explain.Server) string {
	return e.as(explain.Source{Entry: entry}, s)
}

package cli

import (
	"strings"
	"unicode/utf8"

	"litellm-reconciler/pkg/explain"
)

// servers is a table of all servers. What can be long stands last, and a column
// without anything is left out.
func (e *explanation) servers() {
	head := []string{"SERVER", "BEFORE v1.88", "FROM v1.88", "TEAM'S ROW", "TEAM'S ACCESS GROUPS", "KEY", "ALSO"}
	rows := make([][]string, len(e.Servers))
	widths := make([]int, len(head))
	for i, s := range e.Servers {
		rows[i] = []string{s.Label(), yesNo(s.Before.Allowed), yesNo(s.From.Allowed), e.inRow(s), e.inGroups(s), e.ofKey(s), e.also(s)}
		for column, cell := range rows[i] {
			widths[column] = max(widths[column], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range append([][]string{head}, rows...) {
		line := ""
		for column, cell := range row {
			if widths[column] == 0 {
				continue
			}
			gap := max(widths[column], len(head[column])) - utf8.RuneCountInString(cell) + 2
			line += e.verdictColour(cell) + strings.Repeat(" ", gap)
		}
		e.printf("%s\n", strings.TrimRight(line, " "))
	}
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// verdictColour colours yes and no, and nothing else.
func (e *explanation) verdictColour(text string) string {
	switch text {
	case yesNo(true):
		return e.green(text)
	case yesNo(false):
		return e.red(text)
	}
	return text
}

// inRow is what the team's row has of a server, and whether that is right.
func (e *explanation) inRow(s explain.Server) string {
	var parts []string
	for _, n := range s.NamedBy {
		if n.Of != explain.TeamKind || n.Place != explain.InRow {
			continue
		}
		text := "direct"
		switch {
		case n.Granted != nil:
			text = "owned since " + e.when(n.Granted.At) + ", run " + shortRun(n.Granted.Run)
		case n.Owned:
			text = "owned"
		}
		parts = append(parts, text+e.as(n, s))
	}
	if s.Revoked != nil {
		parts = append(parts, "taken out "+e.when(s.Revoked.At)+", run "+shortRun(s.Revoked.Run))
	}
	if s.Missing {
		parts = append(parts, "missing"+e.pass(": a pass would add it"))
	}
	if s.Excess {
		parts = append(parts, "excess"+e.pass(": a pass would take it out"))
	}
	return strings.Join(parts, "; ")
}

func (e *explanation) inGroups(s explain.Server) string {
	var parts []string
	for _, n := range s.NamedBy {
		if n.Of == explain.TeamKind && n.Place == explain.InGroup {
			parts = append(parts, e.idName(n.Group, n.GroupName)+e.as(n, s))
		}
	}
	return strings.Join(parts, ", ")
}

func (e *explanation) ofKey(s explain.Server) string {
	var parts []string
	for _, n := range s.NamedBy {
		if n.Of != explain.KeyKind {
			continue
		}
		switch n.Place {
		case explain.InRow:
			parts = append(parts, "own list"+e.as(n, s))
		case explain.InGroup:
			parts = append(parts, "access group "+e.idName(n.Group, n.GroupName))
		case explain.InTools:
			parts = append(parts, "tool permissions"+e.as(n, s))
		case explain.InTag:
			parts = append(parts, "tag "+explain.Printable(n.Entry))
		}
	}
	return strings.Join(parts, ", ")
}

// also is what else there is to a server.
func (e *explanation) also(s explain.Server) string {
	var parts []string
	for _, n := range s.NamedBy {
		switch {
		case n.Place == explain.InServer:
			parts = append(parts, "open to all keys")
		case n.Of == explain.TeamKind && n.Place == explain.InTools:
			parts = append(parts, "team's tool permissions"+e.as(n, s))
		case n.Of == explain.TeamKind && n.Place == explain.InTag:
			parts = append(parts, "team's tag "+explain.Printable(n.Entry))
		}
	}
	if !s.InTable {
		parts = append(parts, "not in LiteLLM's server table (config file?)")
	}
	if !s.Loaded {
		parts = append(parts, "not loaded: waits for approval, or was rejected")
	}
	return strings.Join(parts, ", ")
}

// as shows an entry that is not the server's id.
func (e *explanation) as(n explain.Source, s explain.Server) string {
	if n.Entry == s.ID {
		return ""
	}
	return " (as " + explain.Printable(n.Entry) + ")"
}

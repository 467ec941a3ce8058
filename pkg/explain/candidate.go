package explain

import (
	"strconv"
	"strings"
	"unicode"

	"litellm-reconciler/pkg/litellm"
)

// candidate is a team or key that a name may stand for.
type candidate struct {
	kind Kind
	// id is a team's id or a key's masked name; team is the key's.
	id, alias, team string
	// byID is set where the alias does not tell a key from another one.
	byID bool
}

func teamCandidate(t litellm.TeamAccess) candidate {
	return candidate{kind: TeamKind, id: t.ID, alias: t.Alias, byID: true}
}

func keyCandidate(k litellm.KeyAccess) candidate {
	return candidate{kind: KeyKind, id: k.Masked, alias: k.Alias, team: k.Team, byID: k.Alias == ""}
}

// String says how to name the candidate on a command line, and what else it
// goes by.
func (c candidate) String() string {
	say, other := c.alias, c.id
	if c.byID {
		say, other = c.id, c.alias
	}
	text := string(c.kind) + ":" + shellWord(say)
	if say == "" {
		text = "a " + string(c.kind) + " without a name"
	}
	var more []string
	if other != "" && other != say {
		more = append(more, Printable(other))
	}
	if c.team != "" {
		more = append(more, "of team "+Printable(c.team))
	}
	if len(more) == 0 {
		return text
	}
	return text + " (" + strings.Join(more, ", ") + ")"
}

func join(list []candidate) string {
	texts := make([]string, len(list))
	for i, c := range list {
		texts[i] = c.String()
	}
	return strings.Join(texts, ", ")
}

func shellWord(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// Printable keeps what LiteLLM's users call their things from moving a
// terminal's cursor.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

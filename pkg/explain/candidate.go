package explain

import (
	"regexp"
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
	// byID is set where the alias does not tell a key from another one, byTeam
	// where only the team does.
	byID, byTeam bool
}

func teamCandidate(t litellm.TeamAccess) candidate {
	return candidate{kind: TeamKind, id: t.ID, alias: t.Alias, byID: true}
}

func keyCandidate(k litellm.KeyAccess) candidate {
	return candidate{kind: KeyKind, id: k.Masked, alias: k.Alias, team: k.Team, byID: k.Alias == ""}
}

// ways are the ways to name a key, the simplest first.
func (c candidate) ways() []candidate {
	var list []candidate
	for _, c.byTeam = range []bool{false, true} {
		for _, c.byID = range []bool{false, true} {
			if c.byID && c.id != "" || !c.byID && c.alias != "" {
				list = append(list, c)
			}
		}
	}
	return list
}

// name is what follows team: or key: on a command line.
func (c candidate) name() string {
	name := c.alias
	if c.byID {
		name = c.id
	}
	if c.byTeam {
		name += "@" + c.team
	}
	return name
}

// String says how to name the candidate on a command line, and what else it
// goes by.
func (c candidate) String() string {
	say, other := c.alias, c.id
	if c.byID {
		say, other = c.id, c.alias
	}
	text := "a " + string(c.kind) + " without a name"
	if say != "" {
		text = shellWord(string(c.kind) + ":" + c.name())
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

// plain is what no shell takes for anything but itself.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:@-]+$`)

// shellWord quotes what is to be copied into a shell. What does not print is
// replaced all the same: better that the name does not match than that it runs.
func shellWord(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(onOneLine(text), "'", `'\''`) + "'"
}

// Printable keeps what LiteLLM's users call their things from moving a
// terminal's cursor, and quotes what is blank.
func Printable(text string) string {
	if strings.TrimSpace(text) == "" {
		return strconv.Quote(text)
	}
	return onOneLine(text)
}

func onOneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

package explain

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"
)

// errSecret does not repeat what it is about.
var errSecret = errors.New("an argument looks like a key or its hash, which is not needed here and not repeated: " +
	"give the key's alias, or the masked name that LiteLLM shows for it (sk-...abcd)")

// tokenHash is what LiteLLM stores of a key.
var tokenHash = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

// name is what somebody calls a team or key; kind is "" where both will do.
type name struct {
	kind Kind
	text string
}

func parseName(arg string) (name, error) {
	n := name{text: strings.TrimSpace(arg)}
	for _, kind := range []Kind{TeamKind, KeyKind} {
		if text, found := strings.CutPrefix(n.text, string(kind)+":"); found {
			n = name{kind, strings.TrimSpace(text)}
			break
		}
	}
	switch {
	case n.text == "":
		return n, errors.New("the name of the team or key is empty")
	case secret(n.text):
		return n, errSecret
	}
	return n, nil
}

// secret reports whether a text may be a key, which starts with sk-.
func secret(text string) bool {
	if scheme, token, found := strings.Cut(text, " "); found && strings.EqualFold(scheme, "bearer") {
		text = strings.TrimSpace(token)
	}
	return tokenHash.MatchString(text) || strings.HasPrefix(text, "sk-") && !masked(text)
}

// masked reports whether a text is LiteLLM's key_name, which shows the last
// four characters of a key.
func masked(text string) bool {
	end, found := strings.CutPrefix(text, "sk-...")
	return found && utf8.RuneCountInString(end) <= 4
}

// called puts the kinds that a name may be of into an error.
func (n name) called() string {
	if n.kind == "" {
		return "team or key"
	}
	return string(n.kind)
}

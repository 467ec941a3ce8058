package explain

import (
	"errors"
	"strings"
)

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
	if n.text == "" {
		return n, errors.New("the name of the team or key is empty")
	}
	return n, nil
}

// called puts the kinds that a name may be of into an error.
func (n name) called() string {
	if n.kind == "" {
		return "team or key"
	}
	return string(n.kind)
}

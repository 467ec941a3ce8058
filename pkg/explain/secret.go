package explain

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// errSecret does not repeat what it is about.
var errSecret = errors.New("an argument looks like a key, its hash or a password, which is not needed here and not repeated: " +
	"give the key's alias, or the masked name that LiteLLM shows for it (sk-...abcd)")

var (
	// secrets are, in any case: what follows sk-, unless that ends a word as in
	// task-force, or LiteLLM masked all of it but four letters; the hash that
	// LiteLLM stores of a key; and a password, in a URL or after its name.
	secrets = regexp.MustCompile(`(?i)(^|[^a-z0-9])sk-[a-z0-9_-]|(^|[^a-z0-9])sk-\.{3}[a-z0-9_-]{5}|` +
		`[0-9a-f]{64}|://\S*:\S*@|password\s*=`)
	// glued may be a key behind some word, or words such as task-management.
	glued = regexp.MustCompile(`(?i)sk-[a-z0-9_-]{8,}`)
)

// Secretive reports whether a text holds what may be a key, the hash of one, or
// a password, so that it must not be repeated.
func Secretive(text string) bool {
	if secrets.MatchString(text) {
		return true
	}
	for _, key := range glued.FindAllString(text, -1) {
		if strings.ContainsAny(key, "0123456789") || len(key) > 20 { // few keys are without a digit
			return true
		}
	}
	return false
}

// repeated quotes an argument, if it can be repeated.
func repeated(arg string) string {
	if Secretive(arg) {
		return "the name"
	}
	return strconv.Quote(arg)
}

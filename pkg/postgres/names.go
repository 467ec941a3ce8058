package postgres

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// Names are the schemas that SQL is qualified with. No statement relies on
// search_path.
type Names struct {
	// LiteLLM is the schema of LiteLLM's tables, Ledger that of our own.
	LiteLLM, Ledger string
}

// SQL replaces {litellm} and {ledger} by the quoted schema names, and each
// further pair of old and new text in more.
func (n Names) SQL(text string, more ...string) string {
	pairs := append([]string{
		"{litellm}", Quote(n.LiteLLM),
		"{ledger}", Quote(n.Ledger),
	}, more...)
	return strings.NewReplacer(pairs...).Replace(text)
}

// Quote makes an SQL identifier out of any name.
func Quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// ArrayLiteral writes a list the way Postgres reads a text[]. A list of lists
// goes to the server as text[] of such literals, because unnest would flatten
// a text[][].
func ArrayLiteral(list []string) string {
	size := 2
	for _, s := range list {
		size += len(s) + 3
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteByte('{')
	for i, s := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		for {
			at := special(s)
			if at < 0 {
				break
			}
			b.WriteString(s[:at])
			b.WriteByte('\\')
			b.WriteByte(s[at])
			s = s[at+1:]
		}
		b.WriteString(s)
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

// special is the place of the first character that has to be escaped, or -1.
func special(s string) int {
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			return i
		}
	}
	return -1
}

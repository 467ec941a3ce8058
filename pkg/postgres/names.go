package postgres

import (
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
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

// ArrayLiteral writes a list the way Postgres prints a text[]. A list of lists
// goes to the server as text[] of such literals, because unnest would flatten
// a text[][].
func ArrayLiteral(list []string) (string, error) {
	if list == nil {
		list = []string{}
	}
	text, err := pgtype.NewMap().Encode(pgtype.TextArrayOID, pgtype.TextFormatCode, list, nil)
	return string(text), err
}

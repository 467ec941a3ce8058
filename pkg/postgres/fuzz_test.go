package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
)

// A list is written as Postgres reads it, and read as Postgres writes it.
func FuzzTextsAsPostgresReadsThem(f *testing.F) {
	const separator = "\x00" // of which Postgres has none in a text
	for _, list := range [][]string{
		{}, {""}, {"NULL", "null"}, {`"`, `\`, `\"`}, {"{", "}", "{}"}, {",", "a,b"}, {" a "}, {"é", "🦊", "\u202e"}, {"\t\r\n\v"}, {"[0:1]={a}"},
	} {
		f.Add(strings.Join(list, separator))
	}
	pool, err := postgres.Open(f.Context(), pgtest.Empty(f).URL, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(pool.Close)
	f.Fuzz(func(t *testing.T, joined string) {
		if !utf8.ValidString(joined) || len(joined) > 10_000 {
			return
		}
		list := strings.Split(joined, separator)
		var theirs []string
		rows, err := pool.Query(t.Context(), `SELECT l, l FROM (SELECT $1::text::text[] AS l) AS s`, postgres.ArrayLiteral(list))
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			ours, err := postgres.Texts(rows.RawValues()[0])
			if err != nil || !slices.Equal(ours, list) {
				t.Errorf("%q is read as %q, error %v", list, ours, err)
			}
			if err := rows.Scan(nil, &theirs); err != nil || !slices.Equal(theirs, list) {
				t.Errorf("%q is read by the driver as %q, error %v", list, theirs, err)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatalf("%q: %v", list, err)
		}
	})
}

package config

import (
	"slices"
	"strings"
)

// isReserved reports whether a name is a key word of Postgres that cannot name
// a schema without quotes (pg_get_keywords, categories R and T), or a schema of
// its own.
func isReserved(name string) bool {
	return strings.HasPrefix(name, "pg_") || slices.Contains(strings.Fields(reserved), name)
}

const reserved = `
	information_schema
	all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
	collation column concurrently constraint create cross current_catalog current_date current_role
	current_schema current_time current_timestamp current_user default deferrable desc distinct do else end
	except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into
	is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on
	only or order outer overlaps placing primary references returning right select session_user similar some
	symmetric table tablesample then to trailing true union unique user using variadic verbose when where
	window with
`

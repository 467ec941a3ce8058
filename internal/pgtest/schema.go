package pgtest

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Version is a LiteLLM release whose tables can be had.
type Version string

// The versions differ in their tables; 1.88 is the first that needs no repair at runtime (LiteLLM PR #28997).
const (
	V1_81_12 Version = "1.81.12" // the first with access groups
	V1_83_14 Version = "1.83.14" // the one of LiteLLM issue #27657
	V1_88    Version = "1.88"    // with the tables of v1.87
	Newest   Version = "newest"
)

// Versions returns all versions, oldest first.
func Versions() []Version {
	return []Version{V1_81_12, V1_83_14, V1_88, Newest}
}

//go:embed schema/*.sql
var schemaFiles embed.FS

// schemaSQL returns the statements that create LiteLLM's tables in a schema: the oldest version's tables and the changes
// of each version up to the wanted one.
func schemaSQL(v Version, schema string) (string, error) {
	last := slices.Index(Versions(), v)
	if last < 0 {
		return "", fmt.Errorf("reading LiteLLM's tables: no version %q, have %v", v, Versions())
	}
	statements := []string{"CREATE SCHEMA IF NOT EXISTS {schema};"}
	for _, version := range Versions()[:last+1] {
		text, err := schemaFiles.ReadFile("schema/" + string(version) + ".sql")
		if err != nil {
			return "", fmt.Errorf("reading LiteLLM's tables: %w", err)
		}
		statements = append(statements, string(text))
	}
	return inSchema(strings.Join(statements, "\n"), schema), nil
}

// inSchema puts a schema's quoted name where the text says {schema}.
func inSchema(text, schema string) string {
	return strings.ReplaceAll(text, "{schema}", pgx.Identifier{schema}.Sanitize())
}

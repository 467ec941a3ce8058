package doctor

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/litellm"
)

//go:embed migrations_readable.sql
var migrationsReadableSQL string

//go:embed migrations.sql
var migrationsSQL string

//go:embed demanding.sql
var demandingSQL string

//go:embed foreign_keys.sql
var foreignKeysSQL string

//go:embed triggers.sql
var triggersSQL string

// marks are columns that tell how old LiteLLM's tables are at least, newest
// first (schema.prisma in the published releases). They cannot tell whether the
// proxies resolve access groups themselves: that fix (#28997) changed no table.
var marks = []struct{ table, column, since string }{
	{groupTable, "mcp_tool_permissions", "v1.108 or later, whose proxies need nothing repaired"},
	{rowTable, "skills", "v1.102 or later"},
	{rowTable, "mcp_tool_search_enabled", "v1.92 or later"},
	{rowTable, "search_tools", "v1.84 or later"},
	{rowTable, "mcp_toolsets", "v1.83 or later"}, // #24335
	{rowTable, "blocked_tools", "v1.82 or later"},
	{groupTable, "access_group_id", "v1.81.12 or later"}, // #21022
}

const (
	groupTable = "LiteLLM_AccessGroupTable"
	rowTable   = "LiteLLM_ObjectPermissionTable"
)

// litellm looks for LiteLLM's tables and what they tell of its version.
func (e *exam) litellm(ctx context.Context) (checks []Check, err error) {
	err = e.look(ctx, e.Pool, func(tx pgx.Tx) error {
		if e.catalog, err = litellm.Inspect(ctx, tx, e.Names); err != nil {
			return err
		}
		detail := fmt.Sprintf("schema %s, %s, %d tables point at permission rows", e.LiteLLM, e.age(), len(e.catalog.Owners))
		last, unfinished, err := e.migrations(ctx, tx)
		if err != nil {
			return err
		}
		if last != "" {
			detail += ", last migration " + last
		}
		rows, err := tx.Query(ctx, demandingSQL, e.LiteLLM)
		if err != nil {
			return fmt.Errorf("reading the permission table's columns: %w", err)
		}
		demanding, err := pgx.CollectRows(rows, pgx.RowTo[string])
		switch {
		case err != nil:
			return fmt.Errorf("reading the permission table's columns: %w", err)
		case len(demanding) > 0:
			checks = finding(e.severity(), "give them one",
				"%s, and a new permission row needs values of which litellm-reconciler knows nothing: NOT NULL without a default: %s",
				detail, strings.Join(demanding, ", "))
		}
		if len(unfinished) > 0 {
			checks = append(checks, finding(Warn, "let LiteLLM's migrations run to their end", "%s, not finished: %s", detail, strings.Join(unfinished, ", "))...)
		}
		if len(checks) == 0 {
			checks = good("%s", detail)
		}
		return nil
	})
	return checks, err
}

func (e *exam) age() string {
	for _, m := range marks {
		if e.catalog.Has(m.table, m.column) {
			return fmt.Sprintf("tables from %s", m.since)
		}
	}
	return "tables from an unknown version"
}

// migrations reads what Prisma notes of LiteLLM's migrations: nothing, where
// the tables were made by "prisma db push" or may not be read.
func (e *exam) migrations(ctx context.Context, tx pgx.Tx) (last string, unfinished []string, err error) {
	var readable bool
	if err := tx.QueryRow(ctx, migrationsReadableSQL, e.LiteLLM).Scan(&readable); err != nil {
		return "", nil, fmt.Errorf("looking for LiteLLM's migrations: %w", err)
	}
	if !readable {
		return "", nil, nil
	}
	if err := tx.QueryRow(ctx, e.SQL(migrationsSQL)).Scan(&last, &unfinished); err != nil {
		return "", nil, fmt.Errorf("reading LiteLLM's migrations: %w", err)
	}
	return last, unfinished, nil
}

// foreignKeys finds the tables that point at permission rows by agreement only,
// which is a sign of a database that drifted from LiteLLM's migrations.
func (e *exam) foreignKeys(ctx context.Context) ([]Check, error) {
	without, err := e.list(ctx, "reading foreign keys", foreignKeysSQL, e.LiteLLM, e.catalog.Owners)
	if err != nil {
		return nil, err
	}
	if len(without) > 0 {
		return finding(Warn, "", "none from %s to the permission rows, though LiteLLM's migrations make them: "+
			"a row that is deleted is still pointed at", strings.Join(without, ", ")), nil
	}
	return good("all %d tables that point at permission rows have theirs", len(e.catalog.Owners)), nil
}

// triggers finds triggers and rules on the tables that matter. LiteLLM has none.
func (e *exam) triggers(ctx context.Context) ([]Check, error) {
	found, err := e.list(ctx, "reading triggers", triggersSQL, e.LiteLLM, e.Ledger)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		return finding(Warn, "", "not LiteLLM's, and may write too: %s", strings.Join(found, ", ")), nil
	}
	return good("none on teams, access groups and permission rows that are not LiteLLM's"), nil
}

func (e *exam) list(ctx context.Context, doing, sql string, args ...any) (list []string, err error) {
	err = e.look(ctx, e.Pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return list, nil
}

package litellm

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed owners.sql
var ownersSQL string

//go:embed shared_rows.sql
var sharedRowsSQL string

// SharedRows returns those of the given permission rows that more than one
// team, key, organization, user, end user, agent or project points at. It
// scans every owner table, about 0.15 s a million keys: call it once a pass.
func SharedRows(ctx context.Context, q postgres.Querier, names postgres.Names, c Catalog, rows []string) (map[string]bool, error) {
	if len(rows) == 0 {
		return map[string]bool{}, nil
	}
	return sharedRows(ctx, q, names.SQL(ownersSQL, "{owners}", c.OwnersSQL(names)), rows)
}

// AllSharedRows returns all of them. It scans every owner table and counts:
// about 0.4 s a million owners.
func AllSharedRows(ctx context.Context, q postgres.Querier, names postgres.Names, c Catalog) (map[string]bool, error) {
	return sharedRows(ctx, q, names.SQL(sharedRowsSQL, "{owners}", c.OwnersSQL(names)))
}

func sharedRows(ctx context.Context, q postgres.Querier, sql string, args ...any) (map[string]bool, error) {
	shared := map[string]bool{}
	found, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("looking for other owners of permission rows: %w", err)
	}
	var id string
	_, err = pgx.ForEachRow(found, []any{&id}, func() error { shared[id] = true; return nil })
	if err != nil {
		return nil, fmt.Errorf("looking for other owners of permission rows: %w", err)
	}
	return shared, nil
}

// OwnersSQL selects object_permission_id of all that points at permission rows.
func (c Catalog) OwnersSQL(names postgres.Names) string {
	tables := make([]string, len(c.Owners))
	for i, table := range c.Owners {
		tables[i] = names.SQL(`SELECT object_permission_id FROM {litellm}.`) + postgres.Quote(table)
	}
	return strings.Join(tables, " UNION ALL ")
}

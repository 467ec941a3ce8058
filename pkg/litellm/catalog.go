package litellm

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed catalog.sql
var catalogSQL string

//go:embed elsewhere.sql
var elsewhereSQL string

// LiteLLM's tables that are read or written by name.
const (
	permissionTable = "LiteLLM_ObjectPermissionTable"
	teamTable       = "LiteLLM_TeamTable"
	groupTable      = "LiteLLM_AccessGroupTable"
	keyTable        = "LiteLLM_VerificationToken"
	serverTable     = "LiteLLM_MCPServerTable"
	organizations   = "LiteLLM_OrganizationTable"
	userTable       = "LiteLLM_UserTable"
	agentTable      = "LiteLLM_AgentsTable"
)

// ErrNotLiteLLM is wrapped by the errors about a database that holds no
// LiteLLM, or one too old or too different to be repaired.
var ErrNotLiteLLM = errors.New("not a LiteLLM database that can be repaired")

// needed columns and their types (LiteLLM schema.prisma; migrations
// 20250507184818 and 20260212143306).
var needed = []struct{ table, column, kind string }{
	{teamTable, "team_id", "text"},
	{teamTable, "team_alias", "text"},
	{teamTable, "organization_id", "text"},
	{teamTable, "object_permission_id", "text"},
	{teamTable, "access_group_ids", "text[]"},
	{groupTable, "access_group_id", "text"},
	{groupTable, "access_mcp_server_ids", "text[]"},
	{groupTable, "assigned_team_ids", "text[]"},
	{permissionTable, "object_permission_id", "text"},
	{permissionTable, "mcp_servers", "text[]"},
	{permissionTable, "mcp_access_groups", "text[]"},
	{permissionTable, "mcp_tool_permissions", "jsonb"},
}

// Catalog is what was found of LiteLLM's tables.
type Catalog struct {
	// Owners are the tables that can point at a permission row, sorted.
	Owners []string
	// PermissionColumns are the columns of the permission table.
	PermissionColumns []string

	columns map[string]map[string]string // type by table and column
}

// Has reports whether a table has a column.
func (c Catalog) Has(table, column string) bool { return c.columns[table][column] != "" }

// Inspect reads the catalog and checks that all that is needed is there. Its
// errors wrap ErrNotLiteLLM when it is not.
func Inspect(ctx context.Context, q postgres.Querier, names postgres.Names) (Catalog, error) {
	rows, err := q.Query(ctx, catalogSQL, names.LiteLLM)
	if err != nil {
		return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
	}
	columns := map[string]map[string]string{}
	catalog := Catalog{columns: columns}
	var table, column, kind string
	_, err = pgx.ForEachRow(rows, []any{&table, &column, &kind}, func() error {
		if columns[table] == nil {
			columns[table] = map[string]string{}
		}
		columns[table][column] = kind
		switch {
		case table == permissionTable:
			catalog.PermissionColumns = append(catalog.PermissionColumns, column)
		case column == "object_permission_id" && !strings.HasPrefix(table, "LiteLLM_Deleted"):
			// LiteLLM_Deleted* are history: plain copies, no owners.
			catalog.Owners = append(catalog.Owners, table)
		}
		return nil
	})
	if err != nil {
		return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
	}
	if err := check(ctx, q, names.LiteLLM, columns); err != nil {
		return Catalog{}, err
	}
	slices.Sort(catalog.Owners)
	return catalog, nil
}

func check(ctx context.Context, q postgres.Querier, schema string, columns map[string]map[string]string) error {
	switch {
	case columns[teamTable] == nil || columns[permissionTable] == nil:
		return notLiteLLM(ctx, q, schema)
	case columns[groupTable] == nil || columns[teamTable]["access_group_ids"] == "":
		return fmt.Errorf("%w: this LiteLLM has no access groups: it is older than v1.81.12, "+
			"or its migrations have not run yet", ErrNotLiteLLM)
	}
	for _, n := range needed {
		switch kind := columns[n.table][n.column]; kind {
		case n.kind:
		case "":
			return fmt.Errorf("%w: column %s of table %q is missing: let LiteLLM's migrations run to their end",
				ErrNotLiteLLM, n.column, n.table)
		default:
			return fmt.Errorf("%w: column %s of table %q is of type %s, not %s",
				ErrNotLiteLLM, n.column, n.table, kind, n.kind)
		}
	}
	return nil
}

func notLiteLLM(ctx context.Context, q postgres.Querier, schema string) error {
	rows, err := q.Query(ctx, elsewhereSQL, schema)
	if err != nil {
		return fmt.Errorf("looking for LiteLLM's tables: %w", err)
	}
	elsewhere, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("looking for LiteLLM's tables: %w", err)
	}
	if len(elsewhere) > 0 {
		return fmt.Errorf("%w: schema %q has no LiteLLM tables, schema %q has: set ?schema= in the database URL, or database.schema",
			ErrNotLiteLLM, schema, elsewhere[0])
	}
	return fmt.Errorf("%w: schema %q has no LiteLLM tables: check the database name in the URL, "+
		"and whether LiteLLM has been started on it once", ErrNotLiteLLM, schema)
}

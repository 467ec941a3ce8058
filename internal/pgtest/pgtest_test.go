package pgtest_test

import (
	"errors"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"litellm-reconciler/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// otherSchema needs quoting, so that an unquoted use of it fails.
const otherSchema = `Proxy "one"`

func TestEveryVersionHasItsColumns(t *testing.T) {
	t.Parallel()
	base := []string{"object_permission_id", "mcp_servers", "vector_stores", "mcp_access_groups", "mcp_tool_permissions", "agents", "agent_access_groups"}
	toolsets := slices.Concat(base, []string{"blocked_tools", "models", "mcp_toolsets"})
	searches := slices.Concat(toolsets, []string{"search_tools"})
	newest := slices.Concat(searches, []string{"mcp_tool_search_enabled", "skills"})
	want := map[pgtest.Version][]string{
		pgtest.V1_81_12: base, pgtest.V1_83_14: toolsets, pgtest.V1_88: searches, pgtest.Newest: newest,
	}
	for _, version := range pgtest.Versions() {
		for _, schema := range []string{"public", otherSchema} {
			t.Run(string(version)+" in "+schema, func(t *testing.T) {
				t.Parallel()
				d := pgtest.New(t, version, pgtest.InSchema(schema))
				got := pgtest.Scalar[[]string](t, d, `SELECT array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns
					WHERE table_schema = $1 AND table_name = 'LiteLLM_ObjectPermissionTable'`, schema)
				if diff := cmp.Diff(want[version], got); diff != "" {
					t.Error(diff)
				}
				owners := pgtest.Scalar[[]string](t, d, `SELECT array_agg(relname::text ORDER BY relname) FROM pg_constraint
					JOIN pg_class ON pg_class.oid = conrelid
					WHERE confrelid = '{schema}."LiteLLM_ObjectPermissionTable"'::regclass AND contype = 'f'
					AND conname = relname || '_object_permission_id_fkey' AND confdeltype = 'n' AND confupdtype = 'c'`)
				if diff := cmp.Diff(slices.Sorted(slices.Values(pgtest.OwnerTables(version))), owners); diff != "" {
					t.Errorf("tables with the foreign key (-want +got):\n%s", diff)
				}
				elsewhere := pgtest.Scalar[int](t, d, `SELECT count(*) FROM pg_tables WHERE tablename LIKE '%LiteLLM%' AND schemaname <> $1`, schema)
				if elsewhere != 0 {
					t.Errorf("%d tables outside of schema %s", elsewhere, schema)
				}
			})
		}
	}
}

func TestDatabasesAreIndependent(t *testing.T) {
	t.Parallel()
	one, other := pgtest.New(t, pgtest.Newest), pgtest.New(t, pgtest.Newest)
	one.Team(t, "only here")
	if n := pgtest.Scalar[int](t, other, `SELECT count(*) FROM {schema}."LiteLLM_TeamTable"`); n != 0 {
		t.Errorf("%d teams in a database that nobody wrote to", n)
	}
}

func TestEmptyHasNoTables(t *testing.T) {
	t.Parallel()
	n := pgtest.Scalar[int](t, pgtest.Empty(t), `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`)
	if n != 0 {
		t.Errorf("%d tables in an empty database", n)
	}
}

func TestDatabaseAndRolesAreDroppedWithTheTest(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("test", func(t *testing.T) {
		d := pgtest.New(t, pgtest.Newest)
		name = d.Name
		// What makes a role hard to drop: it owns things, has rights in the database, and is still connected.
		conn := connect(t, d.Role(t, "daemon", `GRANT CREATE ON DATABASE {database} TO {role}`, `GRANT USAGE ON SCHEMA {schema} TO {role}`))
		if _, err := conn.Exec(t.Context(), `CREATE SCHEMA own CREATE TABLE ledger ()`); err != nil {
			t.Fatal(err)
		}
	})
	left := pgtest.Scalar[int](t, pgtest.Empty(t), `SELECT (SELECT count(*) FROM pg_database WHERE datname = $1)
		+ (SELECT count(*) FROM pg_roles WHERE starts_with(rolname, $1))`, name)
	if left != 0 {
		t.Errorf("%d databases and roles are left", left)
	}
}

func TestRoleHasItsGrantsAndNoMore(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest, pgtest.InSchema(otherSchema))
	conn := connect(t, d.Role(t, "reader", `GRANT USAGE ON SCHEMA {schema} TO {role}`, `GRANT SELECT ON {schema}."LiteLLM_TeamTable" TO {role}`))
	schema := pgx.Identifier{otherSchema}.Sanitize()
	if _, err := conn.Exec(t.Context(), `SELECT * FROM `+schema+`."LiteLLM_TeamTable"`); err != nil {
		t.Errorf("reading what was granted: %v", err)
	}
	_, err := conn.Exec(t.Context(), `DELETE FROM `+schema+`."LiteLLM_TeamTable"`)
	assertCode(t, err, "42501")
}

func TestWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	u, err := url.Parse(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), "wrong")
	_, err = pgx.Connect(t.Context(), u.String())
	assertCode(t, err, "28P01")
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	// The server may have ended the connection by then.
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func assertCode(t *testing.T, err error, code string) {
	t.Helper()
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != code {
		t.Errorf("got %v, want SQLSTATE %s", err, code)
	}
}

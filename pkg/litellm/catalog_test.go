package litellm_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

func TestEveryVersionOfLiteLLMIsRecognized(t *testing.T) {
	t.Parallel()
	for _, v := range pgtest.Versions() {
		for _, schema := range []string{"public", "Lite LLM"} {
			t.Run(string(v)+" in "+schema, func(t *testing.T) {
				t.Parallel()
				db := pgtest.New(t, v, pgtest.InSchema(schema))
				c, err := litellm.Inspect(t.Context(), db.Pool, postgres.Names{LiteLLM: schema})
				if err != nil {
					t.Fatal(err)
				}
				owners := pgtest.OwnerTables(v)
				slices.Sort(owners)
				if !slices.Equal(c.Owners, owners) {
					t.Errorf("owners %v", c.Owners)
				}
				if !slices.Contains(c.PermissionColumns, "mcp_servers") {
					t.Errorf("columns %v", c.PermissionColumns)
				}
			})
		}
	}
}

func TestADatabaseThatIsNotWhatIsNeededIsExplained(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, edit, want string }{
		{"no tables", `DROP SCHEMA public CASCADE; CREATE SCHEMA public`, "has no LiteLLM tables: check the database name"},
		{"another schema", `ALTER SCHEMA public RENAME TO elsewhere; CREATE SCHEMA public`, `schema "elsewhere" has: set ?schema=`},
		{"no group table", `DROP TABLE "LiteLLM_AccessGroupTable"`, "older than v1.81.12"},
		{"no groups on teams", `ALTER TABLE "LiteLLM_TeamTable" DROP COLUMN access_group_ids`, "older than v1.81.12"},
		{"a column less", `ALTER TABLE "LiteLLM_ObjectPermissionTable" DROP COLUMN mcp_servers`,
			`column mcp_servers of table "LiteLLM_ObjectPermissionTable" is missing`},
		{"another type", `ALTER TABLE "LiteLLM_TeamTable" ALTER access_group_ids DROP DEFAULT,
			ALTER access_group_ids TYPE jsonb USING '[]'`, "is of type jsonb, not text[]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			for statement := range strings.SplitSeq(test.edit, "; ") {
				db.Exec(t, statement)
			}
			_, err := litellm.Inspect(t.Context(), db.Pool, postgres.Names{LiteLLM: "public"})
			if !errors.Is(err, litellm.ErrNotLiteLLM) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestASharedRowIsOneWithMoreThanOneOwner(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Newest)
	names := postgres.Names{LiteLLM: db.Schema}
	catalog, err := litellm.Inspect(t.Context(), db.Pool, names)
	if err != nil {
		t.Fatal(err)
	}
	db.Row(t, "alone")
	db.Own(t, "LiteLLM_TeamTable", "alone")
	db.Row(t, "history")
	db.Own(t, "LiteLLM_TeamTable", "history")
	db.Exec(t, `INSERT INTO "LiteLLM_DeletedTeamTable" (id, team_id, object_permission_id) VALUES ('x', 'x', 'history')`)
	want := map[string]bool{}
	rows := []string{"alone", "history"}
	for _, table := range pgtest.OwnerTables(pgtest.Newest) {
		db.Row(t, table)
		db.Own(t, table, table)
		db.Own(t, "LiteLLM_UserTable", table)
		want[table], rows = true, append(rows, table)
	}
	got, err := litellm.SharedRows(t.Context(), db.Pool, names, catalog, rows)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if got[row] != want[row] {
			t.Errorf("row %s: shared %v, want %v", row, got[row], want[row])
		}
	}
}

package watch_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
)

// furnish makes a team with a group and a row of its own, and more to point at.
func (b *bundle) furnish(t *testing.T) {
	t.Helper()
	b.Group(t, "group", "github")
	b.Team(t, "team", "group")
	b.Row(t, "row", "github")
	b.Row(t, "other")
	b.LinkTeam(t, "team", "row")
	b.Exec(t, `INSERT INTO {schema}."LiteLLM_OrganizationTable" (organization_id, organization_alias, budget_id, created_by, updated_by)
		VALUES ('other', 'other', 'budget', 'admin', 'admin')`)
	b.inbox(t)
}

func TestExactlyTheColumnsThatDecideAreNoticed(t *testing.T) {
	t.Parallel()
	for _, v := range pgtest.Versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			b := watched(t, v)
			b.furnish(t)
			conn := b.session(t)
			for table, test := range map[string]struct{ key, noticed []string }{
				"LiteLLM_TeamTable":             {[]string{"team_id"}, []string{"access_group_ids", "object_permission_id"}},
				"LiteLLM_AccessGroupTable":      {[]string{"access_group_id"}, []string{"access_mcp_server_ids"}},
				"LiteLLM_ObjectPermissionTable": {[]string{"object_permission_id"}, []string{"mcp_servers"}},
			} {
				got := []string{}
				for column, value := range columns(t, conn, table) {
					if slices.Contains(test.key, column) {
						continue
					}
					set := `UPDATE "` + table + `" SET ` + column + ` = ` + value
					if table == "LiteLLM_ObjectPermissionTable" {
						set += ` WHERE object_permission_id = 'row'`
					}
					do(t, conn, set)
					if entries := b.inbox(t); len(entries) > 0 {
						got = append(got, column)
					}
					do(t, conn, set) // the same value again
					b.wantInbox(t)
				}
				slices.Sort(got)
				same(t, table, got, test.noticed)
			}
		})
	}
}

// columns maps a table's columns to a value that differs from what furnish gives them.
func columns(t *testing.T, conn *pgx.Conn, table string) map[string]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_name = $1`, table)
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]string{}
	var column, kind string
	if _, err := pgx.ForEachRow(rows, []any{&column, &kind}, func() error {
		switch {
		case kind == "ARRAY":
			columns[column] = `ARRAY['other']`
		case kind == "jsonb":
			columns[column] = `'{"other": 1}'`
		case kind == "boolean":
			columns[column] = `true`
		case strings.HasPrefix(kind, "timestamp"):
			columns[column] = `'2030-01-01'`
		case kind == "text":
			columns[column] = `'other'`
		default:
			columns[column] = `77`
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return columns
}

func TestEveryChangeThatDecidesIsNoticed(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	b.furnish(t)
	conn := b.ours(t)
	for name, test := range map[string]struct {
		statement string
		want      []string
	}{
		"a team is made":                   {`INSERT INTO "LiteLLM_TeamTable" (team_id) VALUES ('new')`, []string{"team new"}},
		"a team is deleted":                {`DELETE FROM "LiteLLM_TeamTable"`, []string{"team team"}},
		"a team's groups are NULL":         {`UPDATE "LiteLLM_TeamTable" SET access_group_ids = NULL`, []string{"team team"}},
		"a team's groups change places":    {`UPDATE "LiteLLM_TeamTable" SET access_group_ids = access_group_ids || '{}'`, nil},
		"a team loses its row":             {`UPDATE "LiteLLM_TeamTable" SET object_permission_id = NULL`, []string{"team team"}},
		"both columns of a team":           {`UPDATE "LiteLLM_TeamTable" SET object_permission_id = NULL, access_group_ids = '{}'`, []string{"team team"}},
		"what a group grants":              {`UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{jira}'`, []string{"group group"}},
		"a group grants nothing":           {`UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = NULL`, []string{"group group"}},
		"a group is made":                  {`INSERT INTO "LiteLLM_AccessGroupTable" (access_group_id, access_group_name) VALUES ('new', 'new')`, []string{"group new"}},
		"a group is deleted":               {`DELETE FROM "LiteLLM_AccessGroupTable"`, []string{"group group"}},
		"who a group lists":                {`UPDATE "LiteLLM_AccessGroupTable" SET assigned_team_ids = '{team}'`, nil},
		"a row is made":                    {`INSERT INTO "LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers) VALUES ('new', '{jira}')`, nil},
		"a row's servers":                  {`UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = '{jira}' WHERE object_permission_id = 'row'`, []string{"row row"}},
		"a row's servers are NULL":         {`UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = NULL WHERE object_permission_id = 'row'`, []string{"row row"}},
		"a row is deleted, and unlinked":   {`DELETE FROM "LiteLLM_ObjectPermissionTable" WHERE object_permission_id = 'row'`, []string{"row row", "team team"}},
		"a row that nothing points at":     {`DELETE FROM "LiteLLM_ObjectPermissionTable" WHERE object_permission_id = 'other'`, []string{"row other"}},
		"spend":                            {`UPDATE "LiteLLM_TeamTable" SET spend = spend + 1, updated_at = now()`, nil},
		"LiteLLM's upsert of the same row": {`INSERT INTO "LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers) VALUES ('row', '{github}') ON CONFLICT (object_permission_id) DO UPDATE SET mcp_servers = excluded.mcp_servers, vector_stores = '{v}'`, nil},
		"a row without servers is deleted": {`INSERT INTO "LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers) VALUES ('new', NULL);
			DELETE FROM "LiteLLM_ObjectPermissionTable" WHERE object_permission_id = 'new'`, []string{"row new"}},
		"a row without servers changes otherwise": {`INSERT INTO "LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers) VALUES ('new', NULL);
			UPDATE "LiteLLM_ObjectPermissionTable" SET vector_stores = '{v}' WHERE object_permission_id = 'new'`, nil},
		"a team and a group of the same id": {`UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{}';
			INSERT INTO "LiteLLM_AccessGroupTable" (access_group_id, access_group_name) VALUES ('team', 'team')`, []string{"group team", "team team"}},
		"several at once": {`INSERT INTO "LiteLLM_TeamTable" (team_id) VALUES ('b'), ('a'), ('c')`, []string{"team a", "team b", "team c"}},
	} {
		t.Run(name, func(t *testing.T) {
			tx := begin(t, conn, test.statement)
			defer func() { _ = tx.Rollback(t.Context()) }()
			var got []string
			err := tx.QueryRow(t.Context(), `SELECT array_agg(kind || ' ' || key ORDER BY kind, key) FROM litellm_reconciler.inbox`).Scan(&got)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "inbox", got, test.want)
		})
	}
}

// The executor reports each trigger that it ran: that none is there means that nothing was paid.
func TestASpendUpdateRunsNoTriggerOfOurs(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	b.furnish(t)
	plan := func(set string) string {
		rows, err := b.Database.Pool.Query(t.Context(), `EXPLAIN ANALYZE UPDATE "LiteLLM_TeamTable" SET `+set)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(lines, "\n")
	}
	const ran = "Trigger litellm_reconciler:"
	if text := plan("access_group_ids = '{}'"); !strings.Contains(text, ran) {
		t.Fatalf("a run is not reported as expected: %s", text)
	}
	if text := plan("spend = spend + 1, updated_at = now()"); strings.Contains(text, ran) {
		t.Errorf("it ran: %s", text)
	}
}

func TestAChangeThatIsRolledBackIsNotNoticed(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	b.furnish(t)
	tx := begin(t, b.session(t), `UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{}'`)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wantInbox(t)
}

func TestLiteLLMsSchemaMayHaveAnotherName(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest, pgtest.InSchema(`My "LiteLLM"`))
	b.furnish(t)
	do(t, b.session(t), `UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{}'`)
	b.collect(t)
	if err := b.Check(t.Context()); err != nil {
		t.Error(err)
	}
	b.SetTeamGroups(t, "team", "group")
	b.collect(t, "team")
}

package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"litellm-reconciler/internal/pgtest"
)

// What docs/security.md says of a stolen password, statement by statement. The
// ledger is another role's.
func TestAThiefOfTheDaemonsPasswordCanDoWhatTheDocumentationSaysAndNoMore(t *testing.T) {
	t.Parallel()
	for _, version := range pgtest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, version)
			run(t, of(db), "migrate", "up").wantCode(t, 0)
			run(t, of(db), "migrate", "triggers", "install").wantCode(t, 0)
			thief, err := pgx.Connect(t.Context(), least(t, db, "daemon", "daemon")["DATABASE_URL"])
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = thief.Close(context.WithoutCancel(t.Context())) }()
			for may, statements := range map[bool][]string{true: {
				`SELECT team_id, team_alias, organization_id, access_group_ids FROM "LiteLLM_TeamTable"`,
				`SELECT access_mcp_server_ids FROM "LiteLLM_AccessGroupTable"`,
				`SELECT * FROM "LiteLLM_ObjectPermissionTable"`,
				`UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = '{all-proxy-mcpservers}'`,
				`UPDATE "LiteLLM_TeamTable" SET object_permission_id = NULL`,
				`INSERT INTO "LiteLLM_ObjectPermissionTable" (object_permission_id, agents, vector_stores) VALUES ('x', '{a}', '{v}')`,
				`SELECT team_id FROM "LiteLLM_TeamTable" FOR UPDATE`,
				`SELECT object_permission_id FROM "LiteLLM_ObjectPermissionTable" FOR UPDATE`,
				`UPDATE litellm_reconciler.grants SET servers = '{}'`,
				`UPDATE litellm_reconciler.lease SET holder = 'thief'`,
				`DELETE FROM litellm_reconciler.pending`,
				`UPDATE litellm_reconciler.runs SET host = 'elsewhere'`,
				`SELECT * FROM litellm_reconciler.changes`,
				`INSERT INTO litellm_reconciler.changes (run_id, team_id, object_permission_id, action, after, granted_by)
				 VALUES (gen_random_uuid(), 't', 'x', 'updated', '{}', '{}')`,
			}, false: {
				`SELECT token FROM "LiteLLM_VerificationToken"`,
				`SELECT key_alias FROM "LiteLLM_VerificationToken"`,
				`SELECT user_id FROM "LiteLLM_UserTable"`,
				`SELECT spend FROM "LiteLLM_TeamTable"`,
				`SELECT credentials FROM "LiteLLM_MCPServerTable"`,
				`SELECT param_value FROM "LiteLLM_Config"`,
				`UPDATE "LiteLLM_VerificationToken" SET object_permission_id = NULL`,
				`UPDATE "LiteLLM_UserTable" SET object_permission_id = NULL`,
				`UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{}'`,
				`UPDATE "LiteLLM_TeamTable" SET max_budget = 1`,
				`UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{}'`,
				`UPDATE "LiteLLM_ObjectPermissionTable" SET agents = '{}'`,
				`INSERT INTO "LiteLLM_TeamTable" (team_id) VALUES ('x')`,
				`DELETE FROM "LiteLLM_ObjectPermissionTable"`,
				`DELETE FROM "LiteLLM_TeamTable"`,
				`LOCK TABLE "LiteLLM_TeamTable" IN ROW EXCLUSIVE MODE`,
				`LOCK TABLE "LiteLLM_ObjectPermissionTable" IN ROW EXCLUSIVE MODE`,
				`UPDATE litellm_reconciler.changes SET team_id = 'x'`,
				`DELETE FROM litellm_reconciler.changes`,
				`DELETE FROM litellm_reconciler.runs`,
				`CREATE TABLE litellm_reconciler.x ()`,
				`DROP FUNCTION litellm_reconciler.litellm_reconciler_enqueue() CASCADE`,
				`CREATE TRIGGER x AFTER UPDATE ON "LiteLLM_TeamTable" EXECUTE FUNCTION unknown_x()`,
			}} {
				for _, statement := range statements {
					if got, err := allowed(t.Context(), thief, statement); err != nil || got != may {
						t.Errorf("%s: allowed %t, error %v", statement, got, err)
					}
				}
			}
		})
	}
}

// The statement on the page that finds what had another writer.
func TestTheHistoryTellsWhatTheProgramDidNotWrite(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "\n```sql\n")
	statement, _, found := strings.Cut(rest, "\n```\n")
	if !found {
		t.Fatal("the page has no SQL")
	}
	db := pgtest.New(t, pgtest.V1_83_14)
	wantSuspects := func(want ...string) {
		t.Helper()
		rows, err := db.Pool.Query(t.Context(), statement)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (team string, err error) {
			return team, row.Scan(&team, nil, nil, nil)
		})
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("suspects %v and error %v, want %v", got, err, want)
		}
	}
	db.Group(t, "dev", "github")
	db.Row(t, "shared", "direct")
	for _, team := range []string{"honest", "moved", "shares", "written"} {
		db.Team(t, team, "dev")
	}
	db.LinkTeam(t, "shares", "shared")
	db.Own(t, "LiteLLM_VerificationToken", "shared")
	run(t, of(db), "--once").wantCode(t, 0)
	wantSuspects()
	run(t, of(db), "revert", "--all", "--yes").wantCode(t, 0)
	wantSuspects()
	run(t, of(db), "--once").wantCode(t, 0)
	wantSuspects()

	db.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_servers = '{github,payroll}' WHERE object_permission_id = '`+db.RowID(t, "written")+`'`)
	db.Row(t, "thiefs", "github")
	db.LinkTeam(t, "moved", "thiefs")
	wantSuspects("moved", "written")
}

// allowed reports whether the role has the right to a statement, of which nothing
// stays. An error says that the statement fails for another reason.
func allowed(ctx context.Context, conn *pgx.Conn, statement string) (bool, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	_, err = tx.Exec(ctx, statement)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "42501" {
		return false, nil
	}
	return err == nil, err
}

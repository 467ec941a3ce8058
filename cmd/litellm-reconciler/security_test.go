package main

import (
	"context"
	"errors"
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
				`UPDATE litellm_reconciler.grants SET servers = '{}'`,
				`SELECT * FROM litellm_reconciler.changes`,
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
				`UPDATE litellm_reconciler.changes SET team_id = 'x'`,
				`DELETE FROM litellm_reconciler.changes`,
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

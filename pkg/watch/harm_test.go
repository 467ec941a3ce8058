package watch_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"litellm-reconciler/internal/pgtest"
)

// writes are one of each kind that a trigger hears of.
var writes = []string{
	`UPDATE "LiteLLM_TeamTable" SET access_group_ids = access_group_ids || '{more}'`,
	`UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = access_mcp_server_ids || '{more}'`,
	`UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = mcp_servers || '{more}'`,
	`INSERT INTO "LiteLLM_TeamTable" (team_id) VALUES ('new')`,
	`DELETE FROM "LiteLLM_ObjectPermissionTable" WHERE object_permission_id = 'other'`,
	`DELETE FROM "LiteLLM_TeamTable"`,
	`DELETE FROM "LiteLLM_AccessGroupTable"`,
}

// These change the database for good, in ways that somebody may think of.
func TestLiteLLMsWritesSucceedWhateverIsBroken(t *testing.T) {
	t.Parallel()
	for name, breakage := range map[string][]string{
		"nothing":                    nil,
		"the inbox is gone":          {`DROP TABLE {ledger}.inbox CASCADE`},
		"the ledger's tables":        {`DROP TABLE {ledger}.inbox, {ledger}.pending, {ledger}.teams, {ledger}.grants CASCADE`},
		"the inbox takes no more":    {`ALTER TABLE {ledger}.inbox ADD CHECK (key IS NULL) NOT VALID`},
		"another shape of inbox":     {`ALTER TABLE {ledger}.inbox RENAME key TO id`},
		"the installer's rights":     {`ALTER FUNCTION {ledger}.litellm_reconciler_enqueue() OWNER TO pg_monitor`},
		"the right to run it":        {`REVOKE ALL ON FUNCTION {ledger}.litellm_reconciler_enqueue() FROM CURRENT_USER`},
		"another name of ours":       {`ALTER SCHEMA {ledger} RENAME TO elsewhere`},
		"another name of a column":   {`ALTER TABLE {schema}."LiteLLM_AccessGroupTable" RENAME access_group_id TO id`},
		"a group's column is gone":   {`ALTER TABLE {schema}."LiteLLM_AccessGroupTable" ADD kept text[], DROP access_mcp_server_ids`, `ALTER TABLE {schema}."LiteLLM_AccessGroupTable" RENAME kept TO access_mcp_server_ids`},
		"a group's key is of a kind": {`ALTER TABLE {schema}."LiteLLM_AccessGroupTable" ALTER access_group_id TYPE bytea USING access_group_id::bytea`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := watched(t, pgtest.V1_83_14)
			b.furnish(t)
			conn := b.session(t)
			for _, s := range breakage {
				b.Exec(t, b.Names.SQL(s))
			}
			do(t, conn, writes...)
			if name == "nothing" {
				b.wantInbox(t, "group group", "row other", "row row", "team new", "team team")
			}
		})
	}
}

// The two columns that it does not work for are the price of spend updates that cost nothing. The error names the trigger.
func TestLiteLLMsMigrationsDoNotStumbleOverTheTriggers(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	b.furnish(t)
	conn := b.ours(t)
	for statement, works := range map[string]bool{
		`ALTER TABLE "LiteLLM_AccessGroupTable" DROP COLUMN access_mcp_server_ids`:                                      true,
		`ALTER TABLE "LiteLLM_AccessGroupTable" ALTER COLUMN access_mcp_server_ids TYPE varchar[]`:                      true,
		`ALTER TABLE "LiteLLM_ObjectPermissionTable" DROP COLUMN mcp_servers`:                                           true,
		`ALTER TABLE "LiteLLM_ObjectPermissionTable" ALTER COLUMN mcp_servers TYPE varchar[]`:                           true,
		`ALTER TABLE "LiteLLM_TeamTable" DROP COLUMN policies, DROP COLUMN spend, ALTER COLUMN team_alias TYPE varchar`: true,
		`ALTER TABLE "LiteLLM_TeamTable" RENAME COLUMN access_group_ids TO groups`:                                      true,
		`ALTER TABLE "LiteLLM_TeamTable" ALTER access_group_ids SET NOT NULL, ALTER access_group_ids DROP DEFAULT`:      true,
		`ALTER TABLE "LiteLLM_TeamTable" DROP CONSTRAINT "LiteLLM_TeamTable_object_permission_id_fkey"`:                 true,
		`DROP TABLE "LiteLLM_AccessGroupTable"`:                                                                         true,
		`ALTER TABLE "LiteLLM_TeamTable" DROP COLUMN access_group_ids`:                                                  false,
		`ALTER TABLE "LiteLLM_TeamTable" DROP COLUMN object_permission_id`:                                              false,
		`ALTER TABLE "LiteLLM_TeamTable" ALTER COLUMN access_group_ids TYPE varchar[]`:                                  false,
		`ALTER TABLE "LiteLLM_TeamTable" ALTER COLUMN object_permission_id TYPE varchar`:                                false,
	} {
		t.Run(statement, func(t *testing.T) {
			tx := begin(t, conn)
			defer func() { _ = tx.Rollback(t.Context()) }()
			_, err := tx.Exec(t.Context(), statement)
			if !works {
				var refusal *pgconn.PgError
				if !errors.As(err, &refusal) || !strings.Contains(refusal.Detail, "trigger litellm_reconciler on table") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []string{
				`UPDATE "LiteLLM_TeamTable" SET team_alias = 'x'`,
				`DELETE FROM "LiteLLM_TeamTable"`,
				`UPDATE "LiteLLM_ObjectPermissionTable" SET vector_stores = '{x}'`,
				`UPDATE "LiteLLM_AccessGroupTable" SET access_group_name = 'x'`,
			} {
				if _, err := tx.Exec(t.Context(), s); err != nil && !strings.Contains(err.Error(), "does not exist") {
					t.Error(err)
				}
			}
		})
	}
	if err := b.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	begin(t, conn, `ALTER TABLE "LiteLLM_TeamTable" DROP COLUMN access_group_ids, DROP COLUMN object_permission_id`)
}

// Nothing of ours makes one of LiteLLM's transactions wait: each statement of a session fails where it would.
func TestLiteLLMDoesNotWaitForUs(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]string{
		"a transaction that takes the entries": `DELETE FROM {ledger}.inbox`,
		"a transaction that locks them":        `SELECT FROM {ledger}.inbox FOR UPDATE`,
		"one that repairs":                     `UPDATE {ledger}.pending SET attempts = 1`,
		"one that collects":                    `LOCK TABLE {ledger}.teams`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := watched(t, pgtest.V1_83_14)
			b.furnish(t)
			b.Exec(t, b.Names.SQL(`INSERT INTO {ledger}.inbox (kind, key) SELECT kind, kind FROM unnest('{team,group,row}'::text[]) AS kind`))
			ours := begin(t, b.ours(t), b.Names.SQL(hold))
			do(t, b.session(t), writes[:3]...)
			commit(t, ours)
			got := b.inbox(t)
			if len(got) < 3 {
				t.Errorf("got %v, want each change", got)
			}
		})
	}
}

func TestALockOnOurTablesHoldsLiteLLMUpForAMomentOnly(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	b.furnish(t)
	ours := begin(t, b.ours(t), `LOCK TABLE litellm_reconciler.inbox`)
	conn := b.session(t)
	started := time.Now()
	do(t, conn, writes[:3]...)
	if took := time.Since(started); took > time.Second {
		t.Errorf("it took %v", took)
	}
	commit(t, ours)
	var limit string
	if err := conn.QueryRow(t.Context(), `SHOW lock_timeout`).Scan(&limit); err != nil || limit != "2s" {
		t.Errorf("LiteLLM's own lock_timeout is %q, error %v", limit, err)
	}
}

// Two transactions of LiteLLM that do not wait for each other without us do not with us either.
func TestLiteLLMsTransactionsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	b.furnish(t)
	one, two := b.session(t), b.session(t)
	team := `UPDATE "LiteLLM_TeamTable" SET access_group_ids = access_group_ids || '{more}' WHERE team_id = 'team'`
	group := `UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = access_mcp_server_ids || '{more}'`
	row := `UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = mcp_servers || '{more}' WHERE object_permission_id = 'row'`
	for name, test := range map[string]struct{ first, second []string }{
		"a team, and its group":     {[]string{team}, []string{group}},
		"a group, and a team of it": {[]string{group}, []string{team}},
		"a team, and its row":       {[]string{team}, []string{row}},
		"all, and another of each":  {[]string{team, group, row}, []string{`INSERT INTO "LiteLLM_TeamTable" (team_id, access_group_ids) VALUES (gen_random_uuid(), '{group}')`, `UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = '{x}' WHERE object_permission_id = 'other'`}},
		"in opposite orders":        {[]string{team, group}, []string{row}},
		"what was put down before":  {[]string{team, team}, []string{group, group, row}},
	} {
		for _, before := range []string{"nothing", "all of it"} {
			t.Run(name+", noticed before: "+before, func(t *testing.T) {
				if b.inbox(t); before != "nothing" {
					do(t, one, team, group, row)
				}
				first := begin(t, one, test.first...)
				second := begin(t, two, test.second...)
				commit(t, second)
				commit(t, first)
			})
		}
	}
}

func TestAStricterIsolationLevelIsNoticedToo(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"REPEATABLE READ", "SERIALIZABLE"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			b := watched(t, pgtest.V1_83_14)
			b.furnish(t)
			conn := b.session(t)
			do(t, conn, writes[0])
			do(t, conn, `BEGIN ISOLATION LEVEL `+level, `SELECT FROM "LiteLLM_TeamTable"`)
			b.wantInbox(t, "team team") // taken behind its snapshot
			do(t, conn, writes[0], `COMMIT`)
			b.wantInbox(t, "team team")
		})
	}
}

func TestALockOnOurTablesHoldsABulkUpdateUpOnlyOnce(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	b.Exec(t, `INSERT INTO {schema}."LiteLLM_TeamTable" (team_id) SELECT 'team ' || i FROM generate_series(1, 100) AS i`)
	b.inbox(t)
	held := begin(t, b.ours(t), `LOCK TABLE litellm_reconciler.inbox`)
	conn := b.session(t)
	started := time.Now()
	do(t, conn, writes[0])
	if took := time.Since(started); took > time.Second {
		t.Errorf("it took %v", took)
	}
	commit(t, held)
	do(t, conn, writes[0]) // the next transaction is noticed again
	if got := len(b.inbox(t)); got != 100 {
		t.Errorf("%d entries, want 100", got)
	}
}

// What one change lost, the others of its transaction are not to lose as well. LiteLLM hears of none of that.
func TestAChangeThatCannotBeNotedIsTheOnlyOneThatIsLost(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	config, err := pgx.ParseConfig(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { t.Errorf("LiteLLM is told: %v", n.Message) }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	b.Exec(t, `ALTER TABLE litellm_reconciler.inbox ADD CHECK (key <> 'bad')`)
	do(t, conn, `INSERT INTO "LiteLLM_TeamTable" (team_id) VALUES ('a'), ('bad'), ('b')`)
	b.wantInbox(t, "team a", "team b")
}

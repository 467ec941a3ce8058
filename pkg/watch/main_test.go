package watch_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/watch"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// bundle is a database with a ledger, and with triggers once they are installed.
type bundle struct {
	*pgtest.Database
	watch.Watch
	ledger *ledger.Migrator
}

func setup(t *testing.T, v pgtest.Version, options ...pgtest.Option) *bundle {
	t.Helper()
	db := pgtest.New(t, v, options...)
	pool := open(t, db.URL)
	names := postgres.Names{LiteLLM: db.Schema, Ledger: "litellm_reconciler"}
	migrator, err := ledger.NewMigrator(pool, names)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrator.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &bundle{db, watch.Watch{
		Pool: pool, Names: names, LockTimeout: time.Second, StatementTimeout: 30 * time.Second, Patience: time.Minute,
	}, migrator}
}

// watched is such a database with the triggers installed.
func watched(t *testing.T, v pgtest.Version, options ...pgtest.Option) *bundle {
	t.Helper()
	b := setup(t, v, options...)
	b.install(t)
	return b
}

func (b *bundle) install(t *testing.T) {
	t.Helper()
	if err := b.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), url, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// session is a connection of a role that owns nothing and has no right on the ledger, as LiteLLM's may be. Its
// statements fail where they would wait.
func (b *bundle) session(t *testing.T) *pgx.Conn {
	t.Helper()
	url := b.Role(t, "litellm"+time.Now().Format("150405.000000000"), `GRANT USAGE ON SCHEMA {schema} TO {role}`,
		`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}`,
		`ALTER ROLE {role} SET lock_timeout = '2s'`, `ALTER ROLE {role} SET search_path = `+postgres.Quote(b.Schema))
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// ours is a connection as this program has it.
func (b *bundle) ours(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// begin starts a transaction that did this.
func begin(t *testing.T, conn *pgx.Conn, statements ...string) pgx.Tx {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
	for _, s := range statements {
		if _, err := tx.Exec(t.Context(), s); err != nil {
			t.Fatalf("%v, executing %s", err, s)
		}
	}
	return tx
}

func commit(t *testing.T, tx pgx.Tx) {
	t.Helper()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func do(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%v, executing %s", err, s)
		}
	}
}

// inbox is what the triggers put down since the last call.
func (b *bundle) inbox(t *testing.T) []string {
	t.Helper()
	return pgtest.Scalar[[]string](t, b.Database, `WITH taken AS (DELETE FROM litellm_reconciler.inbox RETURNING kind, key)
		SELECT coalesce(array_agg(kind || ' ' || key ORDER BY kind, key), '{}') FROM taken`)
}

func (b *bundle) wantInbox(t *testing.T, want ...string) {
	t.Helper()
	same(t, "inbox", b.inbox(t), want)
}

func (b *bundle) collectAll(t *testing.T) {
	t.Helper()
	if _, err := b.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// collect collects, and wants exactly these teams to be pending.
func (b *bundle) collect(t *testing.T, want ...string) {
	t.Helper()
	b.collectAll(t)
	same(t, "pending", pgtest.Scalar[[]string](t, b.Database,
		`SELECT coalesce(array_agg(team_id ORDER BY team_id), '{}') FROM litellm_reconciler.pending`), want)
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

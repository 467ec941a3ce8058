package ledger_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var names = postgres.Names{LiteLLM: "public", Ledger: "litellm_reconciler"}

// open opens a pool as the program does, with as few connections as the configuration allows.
func open(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), url, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func newMigrator(t *testing.T, pool *pgxpool.Pool, names postgres.Names) *ledger.Migrator {
	t.Helper()
	m, err := ledger.NewMigrator(pool, names)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// installed is a database with LiteLLM's tables and the ledger.
func installed(t *testing.T) (*pgtest.Database, *ledger.Migrator) {
	t.Helper()
	d := pgtest.New(t, pgtest.Newest)
	m := newMigrator(t, d.Pool, names)
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d, m
}

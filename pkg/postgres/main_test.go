package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// open opens a pool as the program does.
func open(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

package explain

import (
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// open makes an Explainer on a database, at the time now.
func open(t *testing.T, db *pgtest.Database) *Explainer {
	t.Helper()
	pool, err := postgres.Open(t.Context(), db.URL, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	c := Config{
		Names: postgres.Names{LiteLLM: db.Schema, Ledger: "litellm_reconciler"}, Policy: plan.Managed,
		LockTimeout: time.Minute, StatementTimeout: time.Minute,
	}
	migrator, err := ledger.NewMigrator(pool, c.Names)
	if err != nil {
		t.Fatal(err)
	}
	return New(pool, migrator, c, func() time.Time { return now })
}

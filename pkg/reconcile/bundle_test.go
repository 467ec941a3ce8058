package reconcile_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/reconcile"
)

// bundle is a database of its own and what a test changes of the way it is
// reconciled.
type bundle struct {
	*pgtest.Database
	pool     *pgxpool.Pool // as the program opens it
	config   reconcile.Config
	migrator *ledger.Migrator
}

func setup(t *testing.T, v pgtest.Version) *bundle {
	t.Helper()
	db := pgtest.New(t, v)
	pool, err := postgres.Open(t.Context(), db.URL, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	names := postgres.Names{LiteLLM: db.Schema, Ledger: "litellm_reconciler"}
	migrator, err := ledger.NewMigrator(pool, names)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrator.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &bundle{db, pool, reconcile.Config{
		Names:  names,
		Policy: plan.Managed,
		Guard: plan.Guard{
			MaxRevokedFraction: 0.25, MinRevokedTeams: 10, MaxCeilingsCreated: -1, MaxCeilingsRemoved: -1,
		},
		BatchSize: 250, Concurrency: 2, LockTimeout: 500 * time.Millisecond, StatementTimeout: 30 * time.Second, IdleTimeout: 3 * time.Second,
		Attempts: 3, Grace: 10 * time.Second, Version: "test", Host: "test",
	}, migrator}
}

func (b *bundle) pass(t *testing.T, o reconcile.Options) (reconcile.Report, error) {
	t.Helper()
	return b.passContext(t.Context(), o)
}

func (b *bundle) passContext(ctx context.Context, o reconcile.Options) (reconcile.Report, error) {
	if o.Trigger == "" {
		o.Trigger = "test"
	}
	return reconcile.New(b.pool, b.migrator, b.config, slog.New(slog.DiscardHandler), time.Now).Pass(ctx, o)
}

// repair makes a pass that has to succeed for every team.
func (b *bundle) repair(t *testing.T) reconcile.Report {
	t.Helper()
	report, err := b.pass(t, reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := report.Done.Unfinished(); n != 0 {
		t.Fatalf("%d teams were not repaired: %+v", n, report.Done)
	}
	return report
}

// team makes the team "team", of a group "general" that grants github, with a
// row "row" that holds the given servers.
func (b *bundle) team(t *testing.T, servers ...string) {
	t.Helper()
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.Row(t, "row", servers...)
	b.LinkTeam(t, "team", "row")
}

package watch_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/watch"
)

func TestAnInstallationWaitsForNobodyIfNothingIsToBeDone(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	b.furnish(t)
	begin(t, b.ours(t), `LOCK TABLE "LiteLLM_TeamTable", "LiteLLM_AccessGroupTable" IN SHARE ROW EXCLUSIVE MODE`)
	b.Patience = 0
	b.install(t)
}

// LiteLLM's transactions must not queue up behind an installation that waits for one of them.
func TestInstallingAndRemovingGiveWayToLongTransactions(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(watch.Watch, context.Context) error{
		"install": watch.Watch.Install,
		"remove":  watch.Watch.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.Newest)
			b.furnish(t)
			want := watch.Installed
			if name == "remove" {
				b.install(t)
				want = watch.Missing
			}
			long := begin(t, b.session(t), `UPDATE "LiteLLM_TeamTable" SET spend = 1`)
			hasty := b.Watch
			hasty.Patience = 0
			err := change(hasty, t.Context())
			if err == nil || !strings.Contains(err.Error(), "try again") || !postgres.TimedOut(err) {
				t.Fatalf("got %v", err)
			}
			done := make(chan error)
			go func() { done <- change(b.Watch, t.Context()) }()
			for range 20 { // each of them fails where it waits for two seconds
				do(t, b.session(t), `INSERT INTO "LiteLLM_TeamTable" (team_id) VALUES (gen_random_uuid())`)
			}
			select {
			case err := <-done:
				t.Fatalf("it did not wait: %v", err)
			default:
			}
			commit(t, long)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			same(t, "states", b.states(t), all(want))
		})
	}
}

func TestInstallationsAtOnceAllSucceed(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.Newest)
	done := make(chan error)
	for range 8 {
		pool := open(t, b.URL)
		go func() {
			w := b.Watch
			w.Pool = pool
			done <- w.Install(t.Context())
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	same(t, "states", b.states(t), all(watch.Installed))
}

func TestAnInstallationEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.Newest)
	begin(t, b.ours(t), `LOCK TABLE "LiteLLM_TeamTable"`)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := b.Install(ctx); err == nil || ctx.Err() == nil {
		t.Errorf("got %v", err)
	}
}

func TestAnotherDatabaseIsNotLiteLLMs(t *testing.T) {
	t.Parallel()
	db := pgtest.Empty(t)
	w := watch.Watch{Pool: open(t, db.URL), Names: postgres.Names{LiteLLM: "public", Ledger: "litellm_reconciler"}, LockTimeout: time.Second, StatementTimeout: time.Second}
	if err := w.Install(t.Context()); err == nil || !strings.Contains(err.Error(), "no LiteLLM tables") {
		t.Errorf("got %v", err)
	}
}

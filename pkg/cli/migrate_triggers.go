package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"litellm-reconciler/pkg/config"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/watch"
)

// triggerPatience is how long somebody may wait for tables that LiteLLM uses.
const triggerPatience = 30 * time.Second

func newMigrateTriggers(p Process, f *flags) *cobra.Command {
	triggers := &cobra.Command{
		Use:   "triggers",
		Short: "Install, show or remove the triggers on LiteLLM's tables, which tell of changes at once",
		Long: `The triggers note which team, access group or permission row LiteLLM changed, for the daemon to repair
the teams concerned at once and not at its next pass. They cost LiteLLM's spend updates nothing, and never
make a write of LiteLLM fail or wait. While they are there, LiteLLM's migrations cannot drop or retype the
team table's columns access_group_ids and object_permission_id: remove them first, should it come to that.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usage(errors.New("migrate triggers how? use: migrate triggers install, migrate triggers status or migrate triggers remove"))
		},
	}
	triggers.AddCommand(
		newMigrateStep(p, f, "install", "Install the triggers, or put them right",
			watching(func(ctx context.Context, w watch.Watch, m *ledger.Migrator) (string, error) {
				if err := m.Check(ctx); err != nil {
					return "", err
				}
				return "triggers installed", w.Install(ctx)
			})),
		newMigrateStep(p, f, "status", "Show whether the triggers are as needed; exit 1 unless they are",
			watching(func(ctx context.Context, w watch.Watch, _ *ledger.Migrator) (string, error) {
				return "triggers installed, as needed", w.Check(ctx)
			})),
		newMigrateStep(p, f, "remove", "Remove the triggers, and what they noted",
			watching(func(ctx context.Context, w watch.Watch, _ *ledger.Migrator) (string, error) {
				return "triggers removed", w.Remove(ctx)
			})))
	return triggers
}

// watching makes a step of what works on the triggers, on the direct connection
// where one is given.
func watching(do func(context.Context, watch.Watch, *ledger.Migrator) (string, error)) step {
	return func(ctx context.Context, cfg config.Valid) (string, error) {
		pool, err := postgres.Open(ctx, cfg.Direct.DSN, 1)
		if err != nil {
			return "", err
		}
		defer pool.Close()
		names := postgres.Names{LiteLLM: cfg.Database.Schema, Ledger: cfg.Ledger.Schema}
		m, err := ledger.NewMigrator(pool, names)
		if err != nil {
			return "", err
		}
		return do(ctx, watch.Watch{Pool: pool, Names: names, LockTimeout: cfg.Repair.LockTimeout,
			StatementTimeout: cfg.Repair.StatementTimeout, Patience: triggerPatience}, m)
	}
}

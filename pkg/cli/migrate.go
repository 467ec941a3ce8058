package cli

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"litellm-reconciler/pkg/config"
	"litellm-reconciler/pkg/ledger"
)

func newMigrate(p Process, f *flags) *cobra.Command {
	migrate := &cobra.Command{
		Use:   "migrate",
		Short: "Install, show or remove the ledger's schema, and the triggers",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usage(errors.New("migrate what? use: migrate up, migrate status, migrate down or migrate triggers"))
		},
	}
	var yes bool
	down := newMigrateStep(p, f, "down", "Remove the ledger's tables and the triggers; the permission rows stay as they are",
		migrating(func(ctx context.Context, m *ledger.Migrator) (string, error) {
			return "ledger removed", m.Down(ctx)
		}))
	down.Flags().BoolVar(&yes, "yes", false, "do it: all memory of what was granted is lost, and those entries can no longer be taken back")
	down.PreRunE = func(*cobra.Command, []string) error {
		if !yes {
			return usage(errors.New("migrate down forgets which entries were granted, and they can no longer be taken back: confirm with --yes"))
		}
		return nil
	}
	migrate.AddCommand(
		newMigrateStep(p, f, "up", "Install the ledger's schema, or bring it up to date",
			migrating(func(ctx context.Context, m *ledger.Migrator) (string, error) {
				return fmt.Sprintf("ledger at version %d", m.Latest()), m.Up(ctx)
			})),
		newMigrateStep(p, f, "status", "Show the installed version and the one that is needed; exit 1 unless they are the same",
			migrating(func(ctx context.Context, m *ledger.Migrator) (string, error) {
				return fmt.Sprintf("ledger at version %d, as needed", m.Latest()), m.Check(ctx)
			})),
		down,
		newMigrateTriggers(p, f))
	return migrate
}

// step is what a subcommand of migrate does. It returns what to say when it worked.
type step func(ctx context.Context, cfg config.Valid) (string, error)

func migrating(do func(context.Context, *ledger.Migrator) (string, error)) step {
	return func(ctx context.Context, cfg config.Valid) (done string, err error) {
		return done, withMigrator(ctx, cfg, func(m *ledger.Migrator) error {
			done, err = do(ctx, m)
			return err
		})
	}
}

func newMigrateStep(p Process, f *flags, use, short string, do step) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd, p, *f)
			if err != nil {
				return err
			}
			// Stopped by a signal, a migration is rolled back and its lock released.
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			done, err := do(ctx, cfg)
			if err != nil {
				_, path, _ := strings.Cut(cmd.CommandPath(), " ")
				return failed(path, err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), done)
			return err
		},
	}
}

package cli

import (
	"errors"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"litellm-reconciler/pkg/ledger"
)

func newMigrate(p Process, f *flags) *cobra.Command {
	migrate := &cobra.Command{
		Use:   "migrate",
		Short: "Install, show or remove the ledger's schema",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usage(errors.New("migrate what? use: migrate up, migrate status or migrate down"))
		},
	}
	var yes bool
	down := newMigrateStep(p, f, "down", "Remove the ledger's tables; the permission rows stay as they are",
		func(cmd *cobra.Command, m *ledger.Migrator) (string, error) {
			return "ledger removed", m.Down(cmd.Context())
		})
	down.Flags().BoolVar(&yes, "yes", false, "do it: all memory of what was granted is lost, and those entries can no longer be taken back")
	down.PreRunE = func(*cobra.Command, []string) error {
		if !yes {
			return usage(errors.New("migrate down forgets which entries were granted, and they can no longer be taken back: confirm with --yes"))
		}
		return nil
	}
	migrate.AddCommand(
		newMigrateStep(p, f, "up", "Install the ledger's schema, or bring it up to date",
			func(cmd *cobra.Command, m *ledger.Migrator) (string, error) {
				return fmt.Sprintf("ledger at version %d", m.Latest()), m.Up(cmd.Context())
			}),
		newMigrateStep(p, f, "status", "Show the installed version and the one that is needed; exit 1 unless they are the same",
			func(cmd *cobra.Command, m *ledger.Migrator) (string, error) {
				return fmt.Sprintf("ledger at version %d, as needed", m.Latest()), m.Check(cmd.Context())
			}),
		down)
	return migrate
}

func newMigrateStep(p Process, f *flags, use, short string, do func(*cobra.Command, *ledger.Migrator) (string, error)) *cobra.Command {
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
			cmd.SetContext(ctx)
			var done string
			err = withMigrator(ctx, cfg, func(m *ledger.Migrator) error {
				done, err = do(cmd, m)
				return err
			})
			if err != nil {
				return failed("migrate "+use, err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), done)
			return err
		},
	}
}

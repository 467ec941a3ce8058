package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/reconcile"
)

func newRevert(p Process, f *flags) *cobra.Command {
	var run, team string
	var all bool
	var u undoFlags
	cmd := newTask(p, f, cobra.Command{
		Use:   "revert (--run ID | --team TEAM | --all)",
		Short: "Take back what was granted; what administrators granted stays",
		Long: `revert takes the entries that the ledger owns out of the permission rows, and forgets them. A row that was made
here and holds nothing else is given up: the team is unlinked from it, or goes back to the row that it shared before.
It shows its plan first, and asks on a terminal. Entries that were adopted are owned, and go too. --all leaves
everything else as if litellm-reconciler had never run; only what policy exact took out is not given back.

A pass grants again what access groups grant: stop the daemon and its cron jobs first.`,
		Args: cobra.NoArgs,
	}, func(ctx context.Context, a *app, s screen, _ []string) error {
		scope, err := a.scope(ctx, run, team, all)
		if err != nil {
			return err
		}
		return proposed{
			verb: "revert", done: "Reverted",
			none: "Nothing to revert: the ledger owns nothing there.",
			note: "A pass grants it again while access groups grant it: stop the daemon and its cron jobs first.",
			propose: func(ctx context.Context, each func(reconcile.Proposal) error) (*reconcile.Proposals, error) {
				return a.reconciler.ProposeRevert(ctx, scope, each)
			},
			perform: func(ctx context.Context, ps *reconcile.Proposals, o reconcile.Options) (reconcile.Outcome, error) {
				return a.reconciler.Revert(ctx, scope, ps, o)
			},
			nothing: func(ctx context.Context) error {
				if scope.Run == nil {
					return nil
				}
				return ledger.NothingLeft(ctx, a.pool, a.names, *scope.Run)
			},
		}.run(ctx, p, s, u)
	})
	cmd.Flags().StringVar(&run, "run", "", "what this run granted (see history)")
	cmd.Flags().StringVar(&team, "team", "", "what was granted to this team (id or alias)")
	cmd.Flags().BoolVar(&all, "all", false, "everything, also from teams that teams.include or teams.exclude leave out")
	undoCommonFlags(cmd, &u)
	return cmd
}

func undoCommonFlags(cmd *cobra.Command, u *undoFlags) {
	cmd.Flags().BoolVar(&u.yes, "yes", false, "do it without asking")
	cmd.Flags().BoolVar(&u.dryRun, "dry-run", false, "show what would be done, write nothing")
}

// scope turns the flags of revert into a scope; exactly one of them is given.
func (a *app) scope(ctx context.Context, run, team string, all bool) (s reconcile.Scope, err error) {
	if count(run != "", team != "", all) != 1 {
		return s, usage(errors.New("revert what? use one of --run ID, --team TEAM and --all"))
	}
	if err := a.migrator.Check(ctx); err != nil {
		if errors.Is(err, ledger.ErrAbsent) {
			return s, fmt.Errorf("there is nothing to take back: %w", err)
		}
		return s, err
	}
	switch {
	case run != "":
		var id uuid.UUID
		id, err = ledger.FindRun(ctx, a.pool, a.names, run)
		if errors.Is(err, ledger.ErrRunID) {
			return s, usage(err)
		}
		if err != nil {
			return s, err
		}
		s.Run = &id
	case team != "":
		s.Team, err = a.findTeam(ctx, team)
	}
	return s, err
}

func count(given ...bool) (n int) {
	for _, g := range given {
		if g {
			n++
		}
	}
	return n
}

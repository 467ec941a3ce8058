package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"litellm-reconciler/pkg/reconcile"
)

func newAdopt(p Process, f *flags) *cobra.Command {
	var team string
	var all bool
	var u undoFlags
	cmd := newTask(p, f, cobra.Command{
		Use:   "adopt (--team TEAM | --all)",
		Short: "Own entries that groups grant and that stand in the rows already",
		Long: `adopt is for rows that were repaired by hand before. It makes the ledger own the entries of permission rows that
access groups grant, so that they are taken out again when no group grants them any more, or by revert --team and --all.
It writes the ledger only, shows its plan first, and asks on a terminal. revert --run of an adoption gives the entries
back to the administrators.`,
		Args: cobra.NoArgs,
	}, func(ctx context.Context, a *app, s screen, _ []string) error {
		if count(team != "", all) != 1 {
			return usage(errors.New("adopt what? use one of --team TEAM and --all"))
		}
		return proposed{
			verb: "adopt", done: "Adopted",
			none: "Nothing to adopt: no row holds a server that an access group of its team grants and that is not owned already.",
			note: "These servers are taken out once no access group grants them any more, and by a revert of the team or of everything.",
			propose: func(ctx context.Context, each func(reconcile.Proposal) error) (*reconcile.Proposals, error) {
				if err := a.prepare(ctx, u.dryRun); err != nil {
					return nil, err
				}
				if err := a.migrator.Check(ctx); err != nil {
					return nil, err
				}
				if team != "" {
					id, err := a.findTeam(ctx, team)
					if err != nil {
						return nil, err
					}
					team = id
				}
				return a.reconciler.ProposeAdoption(ctx, team, each)
			},
			perform: a.reconciler.Adopt,
			nothing: func(context.Context) error { return nil },
		}.run(ctx, p, s, u)
	})
	cmd.Flags().StringVar(&team, "team", "", "entries of this team (id or alias), unless teams.exclude or the like leaves it out")
	cmd.Flags().BoolVar(&all, "all", false, "entries of all teams that a pass would look at")
	undoCommonFlags(cmd, &u)
	return cmd
}

package cli

import (
	"context"

	"github.com/spf13/cobra"

	"litellm-reconciler/pkg/impact"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/reconcile"
)

func newPlan(p Process, f *flags) *cobra.Command {
	var keys, exitCode bool
	cmd := newTask(p, f, cobra.Command{
		Use:   "plan",
		Short: "Show what a pass would do to each team, and what that means for its keys",
		Long: `plan shows what a pass would do, team by team: the entries that come and go and why, and how many of the team's
keys gain servers, lose servers, are narrowed (the team begins to restrict keys that have a list of their own) or
widened (it ceases to). Blocked and expired keys count as well. It reads one snapshot that the server keeps from
writing, and works before the ledger is installed.

Exit codes: 0, with drift or without; 1 error; 2 drift found (--exit-code); 3 a limit would refuse the pass;
64 usage or configuration.`,
		Args: cobra.NoArgs,
	}, func(ctx context.Context, a *app, s screen, _ []string) error {
		return a.plan(ctx, s, keys, exitCode)
	})
	cmd.Flags().BoolVar(&keys, "keys", false, "name the keys, by alias or masked name: in JSON all, in text up to 50 a team and effect")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 2 when there is drift")
	return cmd
}

// planView shows a plan team by team, and at last what it comes to.
type planView interface {
	reconcile.Viewer
	finish(planSummary)
}

func (a *app) plan(ctx context.Context, s screen, keys, exitCode bool) error {
	output := newSpool(s.out)
	totals := planTotals{teams: map[ledger.Action]int{}}
	var view planView = &planText{planTotals: &totals, spool: output, screen: s, keys: keys}
	if s.json {
		view = &planJSON{planTotals: &totals, spool: output, keys: keys}
	}
	report, err := a.reconciler.Preview(ctx, a.config.LiteLLM.RequireKeyMCPAccessDefined, view)
	err = postgres.Explain(err)
	view.finish(newPlanSummary(report, err, a.config.Policy, totals))
	shown := output.release(ctx)
	switch {
	case err != nil:
		return err
	case shown != nil:
		return shown
	case exitCode && report.Found.Drifted.Len() > 0:
		return exit{code: exitDrift}
	}
	return nil
}

// planTotals add up what both views show.
type planTotals struct {
	teams map[ledger.Action]int
	keys  impact.Tally
	// team is the part of the team that is shown.
	team impact.Tally
}

func (t *planTotals) begin(p *reconcile.TeamPreview) {
	t.teams[p.Action]++
	t.team = impact.Tally{}
}

func (t *planTotals) add(k reconcile.KeyPreview) {
	t.keys.Add(k.Key)
	t.team.Add(k.Key)
}

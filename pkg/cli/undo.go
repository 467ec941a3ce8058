package cli

import (
	"context"
	"errors"

	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/reconcile"
)

// proposed is a revert or an adoption that is shown before it is confirmed.
type proposed struct {
	verb, done string // "revert", "Reverted"
	propose    func(ctx context.Context, each func(reconcile.Proposal) error) (*reconcile.Proposals, error)
	perform    func(ctx context.Context, p *reconcile.Proposals, o reconcile.Options) (reconcile.Outcome, error)
	// nothing is an error where it is wrong that there is nothing to do, and
	// otherwise none says why; note is said before asking.
	nothing    func(ctx context.Context) error
	none, note string
}

// undoFlags are those that revert and adopt have in common.
type undoFlags struct {
	yes, dryRun bool
}

// run shows what would be done, asks, and does it.
func (c proposed) run(ctx context.Context, p Process, s screen, f undoFlags) error {
	if !f.yes && !f.dryRun {
		if s.json {
			return usage(errors.New("-o json cannot ask: use it with --yes or --dry-run"))
		}
		if err := mayAsk(p); err != nil {
			return err
		}
	}
	r := &report{screen: s, spool: newSpool(s.out), verb: c.verb, result: newUndoResult(f.dryRun)}
	r.open()
	proposals, err := c.propose(ctx, func(p reconcile.Proposal) error {
		if err := r.team(p); err != nil {
			return err
		}
		return r.Pause(ctx)
	})
	if err != nil {
		return r.close(ctx, err)
	}
	if proposals.Len() == 0 && r.teams == 0 {
		if err := c.nothing(ctx); err != nil {
			return r.close(ctx, err)
		}
	}
	r.planned(c)
	if f.dryRun {
		return r.close(ctx, nil)
	}
	if err := r.release(ctx); err != nil {
		return err
	}
	if !f.yes && proposals.Len() > 0 {
		if err := confirm(ctx, p, c.note); err != nil {
			return err
		}
	}
	bar := newProgress(p.Stderr)
	outcome, err := c.perform(ctx, proposals, reconcile.Options{Trigger: c.verb, Progress: bar.show})
	bar.finish()
	r.done(c, outcome)
	return r.close(ctx, postgres.Explain(err))
}

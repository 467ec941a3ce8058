package reconcile

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/watch"
)

// Reaction is what React did.
type Reaction struct {
	Report
	// Left are the items that are still in the queue.
	Left []watch.Item
	// Held are how many of them a limit keeps from being repaired, and Refusal
	// is that limit, nil if there are none.
	Held    int
	Refusal *plan.Refusal
}

// React repairs teams that were taken off the queue by what a pass would do to
// them, and removes each from the queue in the transaction that repaired it.
// Teams that are right, not selected, or for ever left alone are removed as
// well. Teams that would lose entries are held back where the limits say so:
// the others are repaired. Options.Standing is required, and an error before it
// knows of a pass. As with Pass, the reaction is valid also with an error.
func (r *Reconciler) React(ctx context.Context, items []watch.Item, o Options) (reaction Reaction, err error) {
	reaction = Reaction{Report: Report{Started: r.now(), Done: newOutcome()}, Left: items}
	defer func() { reaction.Duration = r.now().Sub(reaction.Started) }()

	known, err := o.Standing.surveyed(r.now())
	if err != nil {
		return reaction, err
	}
	catalog, _, err := r.inspect(ctx, false)
	if err != nil {
		return reaction, err
	}
	if reaction.Found, err = r.scanSome(ctx, catalog, items, known); err != nil {
		return reaction, r.withRights(ctx, err, r.daemonRights(catalog))
	}
	reaction.Done.Skipped[Sentinel] = reaction.Found.Sentinels
	admitted, held, refusal := o.Standing.admit(reaction.Found, r.Guard, r.now())
	reaction.Held, reaction.Refusal = held.Len(), refusal

	// The queue tries busy teams again, after a while: others are not to wait for
	// them. The second try is for locks of milliseconds.
	w := r.worker(catalog, r.newRun(o.Trigger, reaction.Started))
	w.sweeps = min(r.Attempts, 2)
	w.fence, w.shared, w.outcome, w.queued = o.Fence, reaction.Found.shared, reaction.Done, newQueued(items)
	w.job = func(t *transaction, _ *pgx.Batch, _ []string) decider { return repair{t, false}.decide }
	if err = w.takeOff(ctx, reaction.Found.all()); err == nil {
		reaction.Done, err = w.work(ctx, nil, admitted)
	}
	reaction.Left = slices.Collect(maps.Values(w.queued))
	return reaction, r.withRights(ctx, err, r.daemonRights(catalog))
}

// scanSome looks at the teams that the items are about, in a snapshot that is
// newer than what they were put into the queue for.
func (r *Reconciler) scanSome(ctx context.Context, catalog litellm.Catalog, items []watch.Item, known *survey) (Found, error) {
	s := r.newScanner(true)
	s.some = make([]string, len(items))
	for i, item := range items {
		s.some[i] = item.Team
	}
	err := r.lookUp(ctx, func(tx pgx.Tx) error {
		ctx, cancel := context.WithTimeout(ctx, 2*unanswered(s.StatementTimeout))
		defer cancel()
		selection, err := s.Selection.within(ctx, tx, s.Names)
		if err != nil {
			return err
		}
		if s.groups, err = litellm.ReadGroupsOf(ctx, tx, s.Names, s.some); err != nil {
			return err
		}
		if s.found.Groups = s.groups.Len(); s.found.Groups == 0 {
			if err := tx.QueryRow(ctx, s.Names.SQL(countGroupsSQL)).Scan(&s.found.Groups); err != nil {
				return fmt.Errorf("counting access groups: %w", err)
			}
		}
		if err := s.teams(ctx, tx, selection); err != nil {
			return err
		}
		// A survey knows nothing of what came after it, such as this very
		// change: LiteLLM may have pointed a team at somebody else's row.
		var unseen Targets
		for t := range s.found.Drifted.All() {
			if !t.Ours && !known.saw(t) {
				unseen.Add(t)
			}
		}
		shared, err := s.shared(ctx, tx, catalog, &unseen)
		if err != nil {
			return err
		}
		maps.Copy(shared, known.shared)
		s.found.share(shared)
		return nil
	})
	return s.found, err
}

// takeOff removes from the queue what needs no repair, under the term like
// everything that is written.
func (w *worker) takeOff(ctx context.Context, but iter.Seq[Target]) error {
	settled := w.queued.without(but)
	if len(settled) == 0 {
		return nil
	}
	ctx, cancel := w.answered(ctx)
	defer cancel()
	err := pgx.BeginTxFunc(ctx, w.pool, w.begin(), func(tx pgx.Tx) error {
		var q pgx.Batch
		if w.fence != nil {
			w.fence.Queue(&q, w.Names)
		}
		watch.QueueDone(&q, w.Names, settled, func(time.Duration) {})
		return tx.SendBatch(ctx, &q).Close()
	})
	if err != nil {
		return fmt.Errorf("taking teams off the queue: %w", err)
	}
	w.queued.remove(settled)
	return nil
}

// queued are items of the queue by team.
type queued map[string]watch.Item

func newQueued(items []watch.Item) queued {
	q := make(queued, len(items))
	for _, i := range items {
		q[i.Team] = i
	}
	return q
}

// of returns the items of the targets, but not those of the other lists.
func (q queued) of(targets []Target, but ...[]Target) []watch.Item {
	if len(q) == 0 {
		return nil
	}
	some := make(queued, len(targets))
	for _, t := range targets {
		if item, found := q[t.Team]; found {
			some[t.Team] = item
		}
	}
	return some.without(slices.Values(slices.Concat(but...)))
}

func (q queued) without(targets iter.Seq[Target]) []watch.Item {
	rest := maps.Clone(q)
	for t := range targets {
		delete(rest, t.Team)
	}
	return slices.Collect(maps.Values(rest))
}

func (q queued) remove(items []watch.Item) {
	for _, i := range items {
		delete(q, i.Team)
	}
}

package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
)

// transaction repairs one batch of teams: lock, read again, decide, write.
// Row, link, ledger and change log are committed together or not at all.
type transaction struct {
	*repairer
	tx      pgx.Tx
	outcome Outcome
	busy    []Target
	wrote   bool
	steps   []step
	forget  []string
}

// step is the decision about one team.
type step struct {
	target Target
	team   litellm.Team
	entry  ledger.Entry
}

// links reports whether the team is to get another row.
func (s step) links() bool {
	return s.entry.Action == ledger.Created || s.entry.Action == ledger.Copied
}

// transact runs one transaction. It goes on for most of the grace period after
// ctx was cancelled, so that a stop finishes what it began; the rest is for
// recording the end of the run.
func (w *repairer) transact(ctx context.Context, targets []Target) (*transaction, error) {
	ctx, cancel := graceful(ctx, w.Grace/10*8)
	defer cancel()
	t := &transaction{repairer: w, outcome: newOutcome()}
	// The limits come with BEGIN: already the parsing of a statement can wait
	// for the lock on a table. LOCAL, because the session may be PgBouncer's
	// and serve others.
	begin := pgx.TxOptions{BeginQuery: fmt.Sprintf(
		"BEGIN; SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = %d",
		milliseconds(w.LockTimeout), milliseconds(w.StatementTimeout))}
	err := pgx.BeginTxFunc(ctx, w.pool, begin, func(tx pgx.Tx) error {
		t.tx = tx
		if err := t.read(ctx, targets); err != nil {
			return err
		}
		if err := t.lockLinks(ctx); err != nil {
			return err
		}
		return t.write(ctx)
	})
	return t, err
}

// read locks the teams and their rows, reads them again together with their
// groups and grants, and decides. What was read before is not used, except
// which row the search for other owners was about.
func (t *transaction) read(ctx context.Context, targets []Target) error {
	ids := make([]string, len(targets))
	for i, target := range targets {
		ids[i] = target.Team
	}
	var q pgx.Batch
	teams := litellm.QueueRead(&q, t.Names, ids)
	grants := ledger.QueueRead(&q, t.Names, ids)
	if err := t.tx.SendBatch(ctx, &q).Close(); err != nil {
		return fmt.Errorf("locking and reading teams: %w", err)
	}
	for _, target := range targets {
		grant, known := grants[target.Team]
		t.decide(target, teams, grant, known)
	}
	return nil
}

func (t *transaction) decide(target Target, b *litellm.Batch, grant ledger.Grant, known bool) {
	team, exists := b.Teams[target.Team]
	if !exists {
		t.outcome.Skipped[Gone]++
		if known {
			t.forget = append(t.forget, target.Team)
		}
		return
	}
	state := plan.Team{Owned: grant.Servers, Union: union(team, b.Grants)}
	free := b.Locked[target.Team]
	if team.RowExists {
		row, locked := b.Rows[*team.RowID]
		free = free && locked
		state.Row, state.Shared = &row, t.shared[row.ID]
	}
	if !free {
		t.busy = append(t.busy, target)
		return
	}
	change := plan.Decide(t.Policy, state)
	switch {
	case change.Sentinel:
		t.outcome.Skipped[Sentinel]++
	case change.Drifted() && state.Row != nil && state.Row.ID != target.Row:
		// Nobody has looked who else points at this row.
		t.outcome.Skipped[Moved]++
	case change.Drifted():
		t.steps = append(t.steps, t.repairStep(target, team, state, change, grant, b.Grants))
	case known && target.Stale:
		t.settle(target, team, state, change, grant)
	}
}

func (t *transaction) repairStep(target Target, team litellm.Team, state plan.Team, change plan.Change, grant ledger.Grant, granted map[string][]string) step {
	s := step{target: target, team: team, entry: ledger.Entry{
		Team: target.Team, Policy: t.Policy, Union: state.Union, Change: change,
		Action: ledger.Updated, GrantedBy: grantedBy(change, team.Groups, granted),
	}}
	switch {
	case state.Row == nil:
		s.entry.Action = ledger.Created
	case state.Shared:
		s.entry.Action = ledger.Copied
	}
	if s.links() {
		s.entry.RowID, s.entry.RowCreated, s.entry.PreviousRow = uuid.NewString(), true, team.RowID
	} else {
		s.entry.RowID = state.Row.ID
		s.entry.RowCreated = grant.RowCreated && grant.RowID == state.Row.ID
	}
	return s
}

// settle renews or drops the ledger's entry for a row that is as it should be.
func (t *transaction) settle(target Target, team litellm.Team, state plan.Team, change plan.Change, grant ledger.Grant) {
	created := state.Row != nil && grant.RowCreated && grant.RowID == state.Row.ID
	t.outcome.Settled++
	if state.Row == nil || (len(change.Owned) == 0 && !created) {
		t.forget = append(t.forget, target.Team)
		return
	}
	t.steps = append(t.steps, step{target: target, team: team, entry: ledger.Entry{
		Team: target.Team, RowID: state.Row.ID, RowCreated: created, Policy: t.Policy,
		Union: state.Union, Change: change, Action: ledger.Settled,
	}})
}

// lockLinks takes the stronger lock on teams that are to get another row, and
// leaves out those that another session writes right now.
func (t *transaction) lockLinks(ctx context.Context) error {
	links := t.links()
	if len(links) == 0 {
		return nil
	}
	var q pgx.Batch
	free := litellm.QueueLockLinks(&q, t.Names, links)
	if err := t.tx.SendBatch(ctx, &q).Close(); err != nil {
		return fmt.Errorf("locking teams to be linked: %w", err)
	}
	t.steps = slices.DeleteFunc(t.steps, func(s step) bool {
		held := s.links() && !free[s.target.Team]
		if held {
			t.busy = append(t.busy, s.target)
		}
		return held
	})
	return nil
}

func (t *transaction) links() []litellm.Link {
	var links []litellm.Link
	for _, s := range t.steps {
		if s.links() {
			links = append(links, litellm.Link{Team: s.target.Team, Old: s.team.RowID, New: s.entry.RowID})
		}
	}
	return links
}

func (t *transaction) write(ctx context.Context) error {
	if len(t.steps) == 0 && len(t.forget) == 0 {
		return nil
	}
	t.wrote = true
	rows := litellm.Writes{Links: t.links()}
	memory := ledger.Writes{Run: t.run, Forget: t.forget}
	for _, s := range t.steps {
		change := s.entry.Change
		row := litellm.RowWrite{ID: s.entry.RowID, Before: change.Before, After: change.After}
		switch s.entry.Action {
		case ledger.Created:
			rows.Insert = append(rows.Insert, row)
		case ledger.Copied:
			row.Source = *s.team.RowID
			rows.Copy = append(rows.Copy, row)
		case ledger.Updated:
			rows.Update = append(rows.Update, row)
		}
		if s.entry.Action != ledger.Settled {
			t.outcome.count(change)
		}
		memory.Entries = append(memory.Entries, s.entry)
	}
	catalog, err := t.columns(ctx, rows)
	if err != nil {
		return err
	}
	var q pgx.Batch
	rows.Queue(&q, t.Names, catalog)
	if err := memory.Queue(&q, t.Names); err != nil {
		return err
	}
	if err := t.tx.SendBatch(ctx, &q).Close(); err != nil {
		return fmt.Errorf("writing rows and ledger: %w", err)
	}
	return nil
}

// columns reads the catalog again before a row is copied: LiteLLM may have
// been upgraded since the pass began, and from here on the lock on the row
// keeps it from adding a column that the copy would lose.
func (t *transaction) columns(ctx context.Context, w litellm.Writes) (litellm.Catalog, error) {
	if len(w.Copy) == 0 {
		return t.catalog, nil
	}
	return litellm.Inspect(ctx, t.tx, t.Names)
}

// union is what the groups of a team grant: sorted, each server once.
func union(team litellm.Team, granted map[string][]string) []string {
	var list []string
	for _, group := range team.Groups {
		list = append(list, granted[group]...)
	}
	list = slices.DeleteFunc(list, func(s string) bool { return !litellm.Grantable(s) })
	slices.Sort(list)
	return slices.Compact(list)
}

// grantedBy maps each group to the positions, from 1, of the added entries that
// it grants: they are the last of the row's entries, sorted.
func grantedBy(c plan.Change, groups []string, granted map[string][]string) map[string][]int {
	reasons := map[string][]int{}
	first := len(c.After) - len(c.Added) + 1
	for _, group := range groups {
		var positions []int
		for _, server := range granted[group] {
			if at, found := slices.BinarySearch(c.Added, server); found {
				positions = append(positions, first+at)
			}
		}
		if len(positions) > 0 {
			slices.Sort(positions)
			reasons[group] = slices.Compact(positions)
		}
	}
	return reasons
}

func retryable(err error) bool {
	return postgres.Transient(err) || errors.Is(err, litellm.ErrConflict)
}

// graceful returns a context that is cancelled a grace period after its parent
// was.
func graceful(parent context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		select {
		case <-ctx.Done():
		case <-time.After(grace):
			cancel(context.Cause(parent))
		}
	})
	return ctx, func() {
		stop()
		cancel(context.Canceled)
	}
}

// milliseconds is at least 1: to Postgres 0 means no limit.
func milliseconds(d time.Duration) int64 { return max(d.Milliseconds(), 1) }

package reconcile

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

//go:embed revert_rows.sql
var revertRowsSQL string

// Scope says which of the ledger's teams a revert is about. The zero value is
// all of them.
type Scope struct {
	// Team is the id of a team.
	Team string
	// Run narrows a revert down to what that run granted.
	Run *uuid.UUID
}

// Proposal is what a revert or an adoption would do to one team.
type Proposal struct {
	Team, Alias string
	// Row is the permission row that the team has, "" for none.
	Row string
	// Action is what would become of the row; "" where only the ledger would
	// forget the team.
	Action ledger.Action
	Change plan.Change
	// Adopted are the entries that would be adopted, or be given back to the
	// administrator.
	Adopted []string
}

// Proposals are what was looked at before a revert or an adoption: the teams to
// be written.
type Proposals struct {
	catalog litellm.Catalog
	targets []Target
}

// Len is the number of teams to be written.
func (p *Proposals) Len() int { return len(p.targets) }

// ProposeRevert works out, in a transaction that the server keeps from
// writing, what a revert would do, and calls each for the teams sorted by id.
func (r *Reconciler) ProposeRevert(ctx context.Context, s Scope, each func(Proposal) error) (*Proposals, error) {
	p := &Proposals{}
	var err error
	if p.catalog, _, err = r.inspect(ctx, false); err != nil {
		return p, err
	}
	err = r.look(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, r.Names.SQL(revertRowsSQL), orNull(s.Team), s.Run)
		if err != nil {
			return fmt.Errorf("reading what the ledger owns: %w", err)
		}
		teams := []Target{}
		var t Target
		if _, err = pgx.ForEachRow(rows, []any{&t.Team, &t.Row}, func() error { teams = append(teams, t); return nil }); err != nil {
			return fmt.Errorf("reading what the ledger owns: %w", err)
		}
		shared, err := litellm.SharedRows(ctx, tx, r.Names, p.catalog, rowsOf(teams))
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(teams, examineSize) {
			rows, err := tx.Query(ctx, r.Names.SQL(holdingsSQL), idsOf(chunk), s.Run)
			if err != nil {
				return fmt.Errorf("reading what the ledger owns: %w", err)
			}
			err = r.holdings(rows, s.Run, shared, func(h holding) error {
				e, forget := r.reversal(h, s)
				if e.Action == "" && !forget && !e.Change.Sentinel {
					return nil // the run took nothing of this team's, or nothing is left of it
				}
				if !e.Change.Sentinel {
					p.targets = append(p.targets, Target{Team: h.team, Row: h.row})
				}
				return each(Proposal{Team: h.team, Alias: h.alias, Row: h.row, Action: e.Action, Change: e.Change, Adopted: disowned(h, e)})
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return p, r.withGrants(ctx, p.catalog, err)
}

// Revert takes back what ProposeRevert proposed, after reading it again under
// the locks of a repair. It is recorded as a run of its own. The Outcome is
// valid also when an error is returned.
func (r *Reconciler) Revert(ctx context.Context, s Scope, p *Proposals, o Options) (Outcome, error) {
	// Again: somebody may have taken his time to confirm.
	shared, err := litellm.SharedRows(ctx, r.pool, r.Names, p.catalog, rowsOf(p.targets))
	if err != nil {
		return newOutcome(), r.withGrants(ctx, p.catalog, err)
	}
	run := r.newRun(o.Trigger, r.now())
	run.Reverts = s.Run
	w := &worker{Reconciler: r, catalog: p.catalog, run: run, shared: shared, outcome: newOutcome()}
	w.job = func(t *transaction, q *pgx.Batch, teams []string) decider {
		v := revert{transaction: t, scope: s, holdings: make(map[string]holding, len(teams))}
		q.Queue(r.Names.SQL(holdingsSQL), teams, s.Run).Query(func(rows pgx.Rows) error {
			return r.holdings(rows, s.Run, shared, func(h holding) error { v.holdings[h.team] = h; return nil })
		})
		return v.decide
	}
	outcome, err := w.work(ctx, p.targets, o.Progress)
	if err == nil {
		outcome.Deleted, err = r.sweep(ctx, p.catalog, outcome.Emptied)
	}
	return outcome, r.withGrants(ctx, p.catalog, err)
}

// revert is the job of taking back.
type revert struct {
	*transaction
	scope    Scope
	holdings map[string]holding // read under the locks
}

func (t revert) decide(target Target, b *litellm.Batch, grant ledger.Grant, known bool) {
	team, exists := b.Teams[target.Team]
	h, owning := t.holdings[target.Team]
	switch {
	case !known || !owning:
		return // another revert was faster
	case !b.Free[target.Team], exists && !b.Locked[target.Team]:
		t.busy = append(t.busy, target)
		return
	}
	if h.row != "" {
		if _, locked := b.Rows[h.row]; !locked {
			t.busy = append(t.busy, target)
			return
		}
	}
	entry, forget := t.reversal(h, t.scope)
	switch {
	case entry.Change.Sentinel:
		t.outcome.Skipped[Sentinel]++
	case entry.Action != "" && h.row != target.Row:
		t.outcome.Skipped[Moved]++ // nobody has looked who else points at this row
	case entry.Action != "":
		entry.Revoked, entry.RevokedNow = t.stillRevoked(h, entry, grant)
		t.steps = append(t.steps, step{
			target: target, team: team, entry: entry, adopted: len(disowned(h, entry)),
			clears: !h.Shared,
		})
	case forget:
		t.forget = append(t.forget, target.Team)
		if exists {
			t.outcome.Settled++
		} else {
			t.outcome.Skipped[Gone]++
		}
	}
}

// stillRevoked keeps a late write of LiteLLM's from bringing back what a run
// granted; what was disowned is the administrator's and may come back.
func (t revert) stillRevoked(h holding, e ledger.Entry, grant ledger.Grant) ([]string, bool) {
	state := plan.Team{Owned: h.Owned, Revoked: grant.Revoked}
	if e.Action == ledger.Disowned {
		state.Owned = e.Change.Owned
	}
	return stillRevoked(state, e.Change, grant)
}

// reversal decides about one team, for the proposal and for the transaction
// alike. Without an action there is no row to be written; forget says whether
// the ledger then drops its entry.
func (r *Reconciler) reversal(h holding, s Scope) (e ledger.Entry, forget bool) {
	e = ledger.Entry{Team: h.team, RowID: h.row, RowCreated: h.Created, Policy: r.Policy, Union: ledger.Unsettled()}
	whole := s.Run == nil
	switch {
	case h.row == "" || h.row != h.ownRow:
		// LiteLLM deleted the team, or somebody gave it another row: of that
		// one we own nothing.
		return e, whole
	case h.adopted:
		if len(h.Take) == 0 {
			return e, false
		}
		e.Action = ledger.Disowned
		e.Change = plan.Change{Before: h.Row.Servers, After: h.Row.Servers, Owned: without(h.Owned, h.Take)}
		return e, false
	case !whole && len(h.Take) == 0:
		return e, false
	}
	var way plan.Way
	e.Change, way = plan.Revert(h.Holding)
	e.Forget = len(e.Change.Owned) == 0
	switch way {
	case plan.Trim:
		e.Action = ledger.Updated
	case plan.Split:
		e.Action, e.RowID, e.RowCreated, e.PreviousRow = ledger.Copied, uuid.NewString(), true, &h.row
	case plan.Unlink:
		e.Action = ledger.Unlinked
	case plan.Relink:
		e.Action, e.RowID, e.PreviousRow = ledger.Relinked, h.Source.ID, &h.row
	case plan.Leave:
		return e, e.Forget && !e.Change.Sentinel
	}
	return e, false
}

// disowned are the entries that the reversal of an adoption gives back.
func disowned(h holding, e ledger.Entry) []string {
	if e.Action != ledger.Disowned {
		return nil
	}
	return h.Take
}

// without are the elements of a that are not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func idsOf(targets []Target) []string {
	ids := make([]string, len(targets))
	for i, t := range targets {
		ids[i] = t.Team
	}
	return ids
}

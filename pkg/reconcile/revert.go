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

//go:embed lock_sources.sql
var lockSourcesSQL string

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
	// Adopted are the entries that would be adopted, Disowned those that would
	// be given back to the administrator.
	Adopted, Disowned []string
}

// Proposals are what was looked at before a revert or an adoption: the teams to
// be written.
type Proposals struct {
	catalog litellm.Catalog
	targets Targets
	// copies are teams whose row is a copy of another one.
	copies Targets
}

// Len is the number of teams to be written.
func (p *Proposals) Len() int { return p.targets.Len() + p.copies.Len() }

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
		var teams Targets
		var t Target
		if _, err = pgx.ForEachRow(rows, []any{&t.Team, &t.Row}, func() error { teams.Add(t); return nil }); err != nil {
			return fmt.Errorf("reading what the ledger owns: %w", err)
		}
		shared, err := r.shared(ctx, tx, p.catalog, &teams)
		if err != nil {
			return err
		}
		for chunk := range teams.Chunks(examineSize) {
			rows, err := tx.Query(ctx, r.Names.SQL(holdingsSQL), idsOf(chunk), s.Run, s.Run == nil && s.Team == "")
			if err != nil {
				return fmt.Errorf("reading what the ledger owns: %w", err)
			}
			if err := holdings(rows, s.Run, shared, func(h holding) error { return p.add(h, r.reversal(h, s), each) }); err != nil {
				return err
			}
		}
		return nil
	})
	return p, r.withGrants(ctx, p.catalog, err)
}

// add proposes the reversal of one team, unless there is nothing to it.
func (p *Proposals) add(h holding, v reversal, each func(Proposal) error) error {
	target := Target{Team: h.team, Row: h.row}
	switch {
	case v.Change.Sentinel: // shown, and left alone
	case v.Action == "" && !v.forget:
		return nil
	case h.copied:
		p.copies.Add(target)
	default:
		p.targets.Add(target)
	}
	return each(Proposal{Team: h.team, Alias: h.alias, Row: h.row, Action: v.Action, Change: v.Change, Disowned: v.disowned})
}

// Revert takes back what ProposeRevert proposed, after reading it again under
// the locks of a repair. It is recorded as a run of its own. Copies come last:
// by then nothing is owned of the rows that they may be given up for. The
// Outcome is valid also when an error is returned.
func (r *Reconciler) Revert(ctx context.Context, s Scope, p *Proposals, o Options) (Outcome, error) {
	// Again: somebody may have taken his time to confirm.
	shared, err := r.shared(ctx, r.pool, p.catalog, &p.targets, &p.copies)
	if err != nil {
		return newOutcome(), r.withGrants(ctx, p.catalog, err)
	}
	run := r.newRun(o.Trigger, r.now())
	run.Reverts = s.Run
	w := r.worker(p.catalog, run)
	w.shared = shared
	w.job = func(t *transaction, q *pgx.Batch, teams []string) decider {
		v := revert{transaction: t, scope: s, holdings: make(map[string]holding, len(teams)), sources: map[string]bool{}}
		q.Queue(r.Names.SQL(lockSourcesSQL), teams).Query(func(rows pgx.Rows) error {
			var id string
			_, err := pgx.ForEachRow(rows, []any{&id}, func() error { v.sources[id] = true; return nil })
			return err
		})
		q.Queue(r.Names.SQL(holdingsSQL), teams, s.Run, false).Query(func(rows pgx.Rows) error {
			return holdings(rows, s.Run, shared, func(h holding) error { v.holdings[h.team] = h; return nil })
		})
		return v.decide
	}
	outcome, err := w.work(ctx, o.Progress, p.targets, p.copies)
	if err == nil {
		outcome.Deleted, err = r.sweep(ctx, p.catalog)
	}
	return outcome, r.withGrants(ctx, p.catalog, err)
}

// revert is the job of taking back.
type revert struct {
	*transaction
	scope    Scope
	holdings map[string]holding // read under the locks
	sources  map[string]bool    // of copies, locked
}

func (t revert) decide(target Target, b *litellm.Batch, grant ledger.Grant, _ bool) {
	team, exists := b.Teams[target.Team]
	h, owning := t.holdings[target.Team]
	free := b.Free[target.Team] && (!exists || b.Locked[target.Team])
	if _, locked := b.Rows[h.row]; h.row != "" && !locked {
		free = false
	}
	v := t.reversal(h, t.scope)
	if v.Action == ledger.Relinked && !t.sources[v.RowID] {
		free = false
	}
	switch {
	case !owning: // another revert was faster
	case !free:
		t.busy = append(t.busy, target)
	case v.Change.Sentinel:
		t.outcome.Skipped[Sentinel]++
	case v.Action != "" && h.row != target.Row:
		t.moved = append(t.moved, target) // nobody has looked who else points at this row
	case v.Action != "":
		v.Revoked, v.RevokedNow = t.stillRevoked(h, v, grant)
		t.steps = append(t.steps, step{target: target, team: team, entry: v.entry(), adopted: len(v.disowned)})
	case v.forget:
		t.forget = append(t.forget, target.Team)
		if exists {
			t.outcome.Settled++
		} else {
			t.outcome.Skipped[Gone]++
		}
	}
}

// stillRevoked keeps a late write of LiteLLM's from bringing back what was taken
// out; what was disowned is the administrator's and may come back.
func (t revert) stillRevoked(h holding, v reversal, grant ledger.Grant) ([]string, bool) {
	state := plan.Team{Owned: h.Owned, Revoked: grant.Revoked}
	if v.Action == ledger.Disowned {
		state.Owned = v.Change.Owned
	}
	return stillRevoked(state, v.Change, grant)
}

// reversal is what is to be done about one team, for the proposal and for the
// transaction alike. Without an Action there is nothing to be recorded.
type reversal struct {
	ledger.Entry
	// disowned are entries that are given back to the administrator.
	disowned []string
	// forget is whether the ledger only drops its entry.
	forget bool
}

func (r *Reconciler) reversal(h holding, s Scope) reversal {
	v := reversal{Entry: ledger.Entry{
		Team: h.team, RowID: h.row, RowCreated: h.Created, Policy: r.Policy, Union: ledger.Unsettled(),
	}}
	whole := s.Run == nil
	switch {
	case h.row == "" || h.row != h.ownRow:
		// LiteLLM deleted the team, or somebody gave it another row: of that
		// one we own nothing.
		v.forget = whole
		return v
	case !whole && len(h.Take) == 0:
		return v
	case h.adopted:
		v.Action, v.disowned = ledger.Disowned, h.Take
		v.Change = plan.Change{Before: h.Row.Servers, After: h.Row.Servers, Owned: without(h.Owned, h.Take)}
		return v
	}
	var way plan.Way
	v.Change, way = plan.Revert(h.Holding)
	switch way {
	case plan.Trim:
		v.Action = ledger.Updated
	case plan.Split:
		v.Action, v.RowID, v.RowCreated, v.PreviousRow = ledger.Copied, uuid.NewString(), true, &h.row
	case plan.Unlink:
		v.Action, v.Forget = ledger.Unlinked, true
	case plan.Relink:
		v.Action, v.Forget, v.RowID, v.PreviousRow = ledger.Relinked, true, h.Source.ID, &h.row
	case plan.Leave:
		switch {
		case v.Change.Sentinel:
		case len(h.Owned) > len(v.Change.Owned): // gone from the row already
			v.Action = ledger.Settled
		case len(h.Owned) == 0 && !h.fresh:
			v.forget = true
		}
	}
	return v
}

// entry is what the ledger is told. Who granted what is given back is beside
// the point: under "" it says which entries these are.
func (v reversal) entry() ledger.Entry {
	if len(v.disowned) > 0 {
		v.GrantedBy = map[string][]int{}
		for i, s := range v.Change.After {
			if slices.Contains(v.disowned, s) {
				v.GrantedBy[""] = append(v.GrantedBy[""], i+1)
			}
		}
	}
	return v.Entry
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

package reconcile

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

//go:embed adopt.sql
var adoptSQL string

// ProposeAdoption works out, in a transaction that the server keeps from
// writing, which entries would be adopted, and calls each for the teams sorted
// by id: those of the configured selection, and if a team is given that one.
func (r *Reconciler) ProposeAdoption(ctx context.Context, team string, each func(Proposal) error) (*Proposals, error) {
	p := &Proposals{}
	var err error
	if p.catalog, _, err = r.inspect(ctx, false); err != nil {
		return p, err
	}
	err = r.look(ctx, func(tx pgx.Tx) error {
		selection, err := r.Selection.resolve(ctx, tx, r.Names, r.log)
		if err != nil {
			return err
		}
		if err := selection.somebody(); err != nil {
			return err
		}
		groups, err := litellm.ReadGroups(ctx, tx, r.Names)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, r.Names.SQL(adoptSQL), selection.include, selection.exclude, selection.organizations, orNull(team))
		if err != nil {
			return fmt.Errorf("reading teams: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var id, alias string
			var row litellm.Row
			var groupIDs, owned []string
			if err := rows.Scan(&id, &alias, &row.ID, &groupIDs, &row.Servers, &owned); err != nil {
				return fmt.Errorf("reading teams: %w", err)
			}
			change, adopted := plan.Adopt(r.Policy, plan.Team{Row: &row, Owned: owned, Union: groups.Union(groupIDs)})
			if len(adopted) == 0 {
				continue
			}
			p.targets.Add(Target{Team: id, Row: row.ID})
			if err := each(Proposal{Team: id, Alias: alias, Row: row.ID, Action: ledger.Adopted, Change: change, Adopted: adopted}); err != nil {
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("reading teams: %w", err)
		}
		return nil
	})
	return p, r.withGrants(ctx, p.catalog, err)
}

// Adopt makes the ledger own what ProposeAdoption proposed, after reading it
// again under the locks of a repair. No permission row is written.
func (r *Reconciler) Adopt(ctx context.Context, p *Proposals, o Options) (Outcome, error) {
	w := r.worker(p.catalog, r.newRun(o.Trigger, r.now()))
	w.job = func(t *transaction, _ *pgx.Batch, _ []string) decider { return adoption{t}.decide }
	outcome, err := w.work(ctx, o.Progress, p.targets)
	return outcome, r.withGrants(ctx, p.catalog, err)
}

// adoption is the job of making entries ours.
type adoption struct{ *transaction }

func (t adoption) decide(target Target, b *litellm.Batch, grant ledger.Grant, _ bool) {
	team, exists := b.Teams[target.Team]
	if !exists || !team.RowExists {
		return // deleted meanwhile: there is nothing to adopt
	}
	row, locked := b.Rows[*team.RowID]
	if !locked || !b.Free[target.Team] || !b.Locked[target.Team] {
		t.busy = append(t.busy, target)
		return
	}
	if row.ID != target.Row {
		t.moved = append(t.moved, target) // what was proposed is in another row
		return
	}
	state := plan.Team{Row: &row, Union: union(team, b.Grants)}
	created := false
	if grant.RowID == row.ID {
		state.Owned, state.Revoked, created = grant.Servers, grant.Revoked, grant.RowCreated
	}
	change, adopted := plan.Adopt(t.Policy, state)
	if change.Sentinel {
		t.outcome.Skipped[Sentinel]++
	}
	if len(adopted) == 0 {
		return
	}
	e := ledger.Entry{
		Team: target.Team, RowID: row.ID, RowCreated: created, Policy: t.Policy, Union: state.Union, Change: change,
		Action: ledger.Adopted,
		GrantedBy: grantedBy(team.Groups, b.Grants, func(server string) (int, bool) {
			_, found := slices.BinarySearch(adopted, server)
			return slices.Index(change.After, server) + 1, found
		}),
	}
	if change.Drifted() { // the next scan has to look at the team
		e.Union = ledger.Unsettled()
	}
	e.Revoked, e.RevokedNow = stillRevoked(state, change, grant)
	t.steps = append(t.steps, step{target: target, team: team, entry: e, adopted: len(adopted)})
}

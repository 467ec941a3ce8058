package reconcile

import (
	"slices"

	"github.com/google/uuid"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

// repair is the job of a pass.
type repair struct {
	*transaction
	unlimited bool
}

func (t repair) decide(target Target, b *litellm.Batch, grant ledger.Grant, known bool) {
	team, exists := b.Teams[target.Team]
	if !exists {
		t.gone(target, b.Free[target.Team], grant, known)
		return
	}
	state := plan.Team{Union: union(team, b.Grants)}
	free := b.Free[target.Team] && b.Locked[target.Team]
	if team.RowExists {
		row, locked := b.Rows[*team.RowID]
		free = free && locked
		state.Row, state.Shared = &row, t.shared[row.ID]
		if grant.RowID == row.ID { // of another row we own nothing
			state.Owned, state.Revoked = grant.Servers, grant.Revoked
		}
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
		t.moved = append(t.moved, target) // nobody has looked who else points at this row
	case len(change.Removed) > 0 && !target.Loses && !t.unlimited:
		t.moved = append(t.moved, target) // the limits were checked without this loss
	case change.Drifted():
		t.steps = append(t.steps, t.repairStep(target, team, state, change, grant, b.Grants))
	case target.Stale:
		t.settle(target, team, state, change, grant)
	}
}

// gone forgets a team that LiteLLM deleted, unless that loses grants which the
// limits were checked without.
func (t repair) gone(target Target, free bool, grant ledger.Grant, known bool) {
	switch {
	case known && !free:
		t.busy = append(t.busy, target)
	case known && len(grant.Servers) > 0 && !target.Loses && !t.unlimited:
		t.moved = append(t.moved, target)
	default:
		t.outcome.Skipped[Gone]++
		if known {
			t.forget = append(t.forget, target.Team)
		}
	}
}

func (t repair) repairStep(target Target, team litellm.Team, state plan.Team, change plan.Change, grant ledger.Grant, granted map[string][]string) step {
	s := step{target: target, team: team, entry: ledger.Entry{
		Team: target.Team, Policy: t.Policy, Union: state.Union, Change: change,
		Action: ledger.Updated, GrantedBy: addedBy(change, team.Groups, granted),
	}}
	switch {
	case state.Row == nil:
		s.entry.Action = ledger.Created
	case state.Shared:
		s.entry.Action = ledger.Copied
	}
	if s.links() {
		// By time, so that the rows of a pass are beside each other in the indexes.
		s.entry.RowID, s.entry.RowCreated, s.entry.PreviousRow = uuid.Must(uuid.NewV7()).String(), true, team.RowID
	} else {
		s.entry.RowID = state.Row.ID
		s.entry.RowCreated = grant.RowCreated && grant.RowID == state.Row.ID
	}
	s.entry.Revoked, s.entry.RevokedNow = stillRevoked(state, change, grant)
	return s
}

// stillRevoked are the entries to be taken out again should they come back: the
// ones that we cease to own now, in the row or not, and earlier ones while they
// are fresh. What comes back later than that, and for the second time, is meant.
func stillRevoked(state plan.Team, change plan.Change, grant ledger.Grant) (list []string, now bool) {
	for _, s := range state.Owned {
		if !slices.Contains(change.Owned, s) {
			list, now = append(list, s), true
		}
	}
	for _, s := range state.Revoked {
		if grant.RevokedFresh && !slices.Contains(change.Owned, s) && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list, now
}

// settle renews the ledger's entry for a row that is as it should be, so that
// the next scan clears the team by its fingerprints; without a row it drops it.
func (t repair) settle(target Target, team litellm.Team, state plan.Team, change plan.Change, grant ledger.Grant) {
	created := state.Row != nil && grant.RowCreated && grant.RowID == state.Row.ID
	if state.Row == nil {
		t.outcome.Settled++
		t.forget = append(t.forget, target.Team)
		return
	}
	revoked, now := stillRevoked(state, change, grant)
	t.steps = append(t.steps, step{target: target, team: team, entry: ledger.Entry{
		Team: target.Team, RowID: state.Row.ID, RowCreated: created, Policy: t.Policy,
		Union: state.Union, Change: change, Action: ledger.Settled, Revoked: revoked, RevokedNow: now,
	}})
}

// union is what the groups of a team grant: sorted, each server once.
func union(team litellm.Team, granted map[string][]string) []string {
	size := 0
	for _, group := range team.Groups {
		size += len(granted[group])
	}
	list := make([]string, 0, size)
	for _, group := range team.Groups {
		list = append(list, granted[group]...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// addedBy maps each group to the positions, from 1, of the added entries that
// it grants: they are the last of the row's entries, sorted.
func addedBy(c plan.Change, groups []string, granted map[string][]string) map[string][]int {
	first := len(c.After) - len(c.Added) + 1
	return grantedBy(groups, granted, func(server string) (int, bool) {
		at, found := slices.BinarySearch(c.Added, server)
		return first + at, found
	})
}

// grantedBy maps each group to the positions of the entries that it grants.
func grantedBy(groups []string, granted map[string][]string, position func(string) (int, bool)) map[string][]int {
	reasons := map[string][]int{}
	for _, group := range groups {
		var positions []int
		for _, server := range granted[group] {
			if at, found := position(server); found {
				positions = append(positions, at)
			}
		}
		if len(positions) > 0 {
			slices.Sort(positions)
			reasons[group] = positions
		}
	}
	return reasons
}

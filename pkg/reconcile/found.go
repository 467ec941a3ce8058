package reconcile

import (
	"iter"

	"litellm-reconciler/pkg/plan"
)

// Found is what a scan saw.
type Found struct {
	plan.Counts
	// Drift counts teams by kind; a team can be of several kinds.
	Drift map[plan.Kind]int
	// Drifted are the teams whose row has to be written.
	Drifted Targets
	// Stale are teams whose row is right and whose ledger entry is not: an
	// administrator changed the row, or LiteLLM deleted the team.
	Stale Targets
	// Sentinels are teams left alone for a sentinel in their row.
	Sentinels int
	// Granted and Revoked are the entries that a repair would add and remove.
	Granted, Revoked int
	// Dangling are references of teams to access groups that do not exist.
	Dangling int
	// Mismatches are access groups whose list of teams disagrees with the
	// teams; -1 when only some teams were looked at.
	Mismatches int
	// Examined are the teams that had to be read in full.
	Examined int

	shared map[string]bool
}

// missing counts a team that has nothing but grants.
func (f *Found) missing(team string, servers int) {
	f.Drifted.Add(Target{Team: team})
	f.Drift[plan.MissingRow]++
	f.Granted += servers
	f.CeilingsCreated++
}

// add counts a team that was read in full. renew is whether the ledger is to be
// told of a row that is right.
func (f *Found) add(t Target, c plan.Change, renew bool) {
	f.Examined++
	switch {
	case c.Sentinel:
		f.Sentinels++
	case c.Drifted():
		t.Loses = len(c.Removed) > 0
		f.Drifted.Add(t)
		for _, k := range c.Kinds {
			f.Drift[k]++
		}
		f.Granted += len(c.Added)
		f.Revoked += len(c.Removed)
		f.Losing += count(t.Loses)
		f.CeilingsCreated += count(c.CeilingCreated)
		f.CeilingsRemoved += count(c.CeilingRemoved)
	case renew:
		t.Stale = true
		f.Stale.Add(t)
	}
}

// share notes which rows have other owners than their team.
func (f *Found) share(shared map[string]bool) {
	f.shared = shared
	for t := range f.Drifted.All() {
		if shared[t.Row] {
			f.Drift[plan.SharedRow]++
		}
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// targets are the drifted and the stale teams in one list, which is sorted
// without those two.
func (f *Found) targets() Targets {
	t := f.Drifted.Clone()
	for s := range f.Stale.All() {
		t.Add(s)
	}
	return t
}

// all are the drifted and the stale teams.
func (f *Found) all() iter.Seq[Target] {
	return func(yield func(Target) bool) {
		for _, list := range []*Targets{&f.Drifted, &f.Stale} {
			for t := range list.All() {
				if !yield(t) {
					return
				}
			}
		}
	}
}

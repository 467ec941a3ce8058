package reconcile

import (
	"maps"
	"slices"

	"litellm-reconciler/pkg/plan"
)

// Target is a team to be repaired.
type Target struct {
	Team string
	// Row is the permission row it had when it was scanned, "" for none.
	Row string
	// Ours is whether the ledger has an entry about that row.
	Ours bool
	// Stale is set where the row was right and only the ledger's entry was not.
	Stale bool
	// Loses is whether the limits were checked with this team as one that
	// loses entries.
	Loses bool
}

// Found is what a scan saw.
type Found struct {
	plan.Counts
	// Drift counts teams by kind; a team can be of several kinds.
	Drift map[plan.Kind]int
	// Drifted are the teams whose row has to be written.
	Drifted []Target
	// Stale are teams whose row is right and whose ledger entry is not: an
	// administrator changed the row, or LiteLLM deleted the team.
	Stale []Target
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
	f.Drifted = append(f.Drifted, Target{Team: team})
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
		f.Drifted = append(f.Drifted, t)
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
		f.Stale = append(f.Stale, t)
	}
}

// share notes which rows have other owners than their team.
func (f *Found) share(shared map[string]bool) {
	f.shared = shared
	for _, t := range f.Drifted {
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

func rowsOf(lists ...[]Target) []string {
	rows := map[string]bool{}
	for _, list := range lists {
		for _, t := range list {
			if t.Row != "" {
				rows[t.Row] = true
			}
		}
	}
	return slices.Collect(maps.Keys(rows))
}

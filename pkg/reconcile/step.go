package reconcile

import (
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
)

// step is what is to be written about one team.
type step struct {
	target Target
	team   litellm.Team
	entry  ledger.Entry
	// adopted is the number of entries that were adopted or disowned.
	adopted int
}

// links reports whether the team is to point at another row, or at none.
func (s step) links() bool {
	switch s.entry.Action {
	case ledger.Created, ledger.Copied, ledger.Unlinked, ledger.Relinked:
		return true
	}
	return false
}

func (s step) link() litellm.Link {
	l := litellm.Link{Team: s.target.Team, Old: s.team.RowID, New: &s.entry.RowID}
	if s.entry.Action == ledger.Unlinked {
		l.New = nil
	}
	return l
}

// write adds what the step does to LiteLLM's tables.
func (s step) write(w *litellm.Writes) {
	change := s.entry.Change
	row := litellm.RowWrite{ID: s.entry.RowID, Before: change.Before, After: change.After}
	switch s.entry.Action {
	case ledger.Created:
		w.Insert = append(w.Insert, row)
	case ledger.Copied:
		row.Source = *s.team.RowID
		w.Copy = append(w.Copy, row)
	case ledger.Updated:
		w.Update = append(w.Update, row)
	}
	if s.links() {
		w.Links = append(w.Links, s.link())
	}
}

package plan

import (
	"slices"

	"litellm-reconciler/pkg/litellm"
)

// Holding is what a revert is decided from: a row that the ledger owns entries
// of.
type Holding struct {
	Row litellm.Row
	// Shared is whether something other than the team points at Row.
	Shared bool
	// Created is whether we made the row, and Bare whether it holds nothing
	// but mcp_servers.
	Created, Bare bool
	// Source is the row that Row was copied from, nil unless the two are the
	// same but for their mcp_servers.
	Source *litellm.Row
	// Owned are the entries that the ledger owns; Take are those of them that
	// are to be taken back.
	Owned, Take []string
}

// Way is how a revert gives a row back.
type Way string

const (
	// Leave writes no row: it holds nothing of ours, or a sentinel.
	Leave Way = "leave"
	// Trim takes the entries out of the row.
	Trim Way = "trim"
	// Split gives the team a copy without the entries, since taking them out
	// of a shared row would take them from strangers as well.
	Split Way = "split"
	// Unlink leaves the team without a row, as it was before we made one.
	Unlink Way = "unlink"
	// Relink gives the team back the row that it shared before.
	Relink Way = "relink"
)

// Revert decides how the entries are taken back. It never adds one: a team
// gets back the row that it shared only while both rows come to the same.
func Revert(h Holding) (Change, Way) {
	if slices.Contains(h.Row.Servers, litellm.AllProxyServers) {
		return Change{Sentinel: true}, Leave
	}
	c := Change{Before: h.Row.Servers, After: []string{}, Owned: []string{}}
	take := setOf(h.Take)
	for _, s := range h.Row.Servers {
		switch {
		case !take[s]:
			c.After = append(c.After, s)
		case !slices.Contains(c.Removed, s):
			c.Removed = append(c.Removed, s)
		}
	}
	for _, s := range h.Owned {
		if !take[s] {
			c.Owned = append(c.Owned, s)
		}
	}
	_, c.CeilingRemoved = ceilings(&h.Row, c)
	return c, way(h, c)
}

func way(h Holding, c Change) Way {
	ours := h.Created && len(c.Owned) == 0
	switch {
	case ours && h.Source != nil && slices.Equal(c.After, h.Source.Servers):
		return Relink
	case ours && h.Bare && len(c.After) == 0:
		return Unlink
	case len(c.Removed) == 0:
		return Leave
	case h.Shared:
		return Split
	}
	return Trim
}

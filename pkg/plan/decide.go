package plan

import (
	"slices"

	"litellm-reconciler/pkg/litellm"
)

// Kind names a way in which a team's row differs from what it should be. One
// team can differ in several ways.
type Kind string

const (
	// MissingRow is a team with granted servers and no permission row.
	MissingRow Kind = "missing_row"
	// MissingServers is a row that lacks servers which a group grants.
	MissingServers Kind = "missing_servers"
	// ExcessServers is a row with servers that the policy takes out.
	ExcessServers Kind = "excess_servers"
	// SharedRow is a drifted row that something else points at as well, so
	// that the team needs a copy of its own.
	SharedRow Kind = "shared_row"
)

// Kinds lists all kinds in the order in which they are reported.
func Kinds() []Kind { return []Kind{MissingRow, MissingServers, ExcessServers, SharedRow} }

// Team is all that a decision is taken from.
type Team struct {
	// Row is the permission row that the team points at, nil where there is
	// none.
	Row *litellm.Row
	// Shared is whether something other than the team points at Row.
	Shared bool
	// Owned are the entries that the ledger says were granted by us.
	Owned []string
	// Revoked are entries that we took out lately. LiteLLM writes a row whole,
	// as it read it before (handle_update_object_permission_common), and so can
	// bring them back: they are taken out once more.
	Revoked []string
	// Union are the servers of the team's groups: sorted, no duplicates, no
	// blanks.
	Union []string
}

// Change is the decision about one team. Its slices may share memory with the
// Team it was made from and are not to be modified.
type Change struct {
	// Sentinel is set for a row that grants the whole registry. Such a row is
	// left alone, and the rest of Change is zero.
	Sentinel bool
	// Kinds is empty when the row is as it should be.
	Kinds []Kind
	// Before and After are the row's entries; Before is nil without a row.
	Before, After []string
	// Added and Removed are the entries by which After differs from Before.
	Added, Removed []string
	// Owned are the entries to be owned from now on, sorted.
	Owned []string
	// CeilingCreated: the row restricted nothing and now does, which narrows
	// keys with a list of their own. CeilingRemoved is the opposite.
	CeilingCreated, CeilingRemoved bool
}

// Drifted reports whether the row has to be written.
func (c Change) Drifted() bool { return len(c.Kinds) > 0 }

// Decide merges what the row holds, what the ledger owns and what the groups
// grant. It is a pure function and idempotent: deciding again after its change
// was made finds nothing to do.
func Decide(policy Policy, t Team) Change {
	if t.Row != nil && slices.Contains(t.Row.Servers, litellm.AllProxyServers) {
		return Change{Sentinel: true}
	}
	if t.Row == nil {
		return fresh(t.Union)
	}
	c := Change{Before: t.Row.Servers}
	granted, ours := setOf(t.Union), setOf(t.Owned)
	for _, s := range t.Revoked {
		ours[s] = true
	}
	present := make(map[string]bool, len(c.Before)+len(t.Union))
	c.After = make([]string, 0, len(c.Before)+len(t.Union))
	removed, gone := false, map[string]bool{}
	for _, s := range c.Before {
		if takeOut(policy, granted[s], ours[s], present[s]) {
			removed = true
			if !granted[s] && !gone[s] {
				gone[s] = true
				c.Removed = append(c.Removed, s)
			}
			continue
		}
		present[s] = true
		c.After = append(c.After, s)
	}
	for _, s := range t.Union {
		if !present[s] {
			c.Added = append(c.Added, s)
		}
	}
	c.After = append(c.After, c.Added...)
	c.Owned = ownedAfter(policy, t, granted, present, c.Added)
	c.Kinds = kinds(t, c.Added, removed)
	c.CeilingCreated, c.CeilingRemoved = ceilings(t.Row, c)
	return c
}

// fresh is the decision about a team without a row: whatever was owned or taken
// out before, its new row is the union, and all of that is ours.
func fresh(union []string) Change {
	c := Change{After: union, Added: union, Owned: union}
	if len(union) > 0 {
		c.Kinds, c.CeilingCreated = []Kind{MissingRow}, true
	}
	return c
}

// takeOut decides about one entry that stands in the row. Under Exact a second
// occurrence goes too; elsewhere duplicates are the administrator's business.
func takeOut(policy Policy, granted, owned, seen bool) bool {
	switch policy {
	case Exact:
		return !granted || seen
	case Additive:
		return false
	default:
		return owned && !granted
	}
}

// ownedAfter keeps what we own and a group still grants, adds what we add and
// what came back and is granted again, and forgets the rest: an entry that stood
// in the row before we came stays the administrator's. Additive leaves entries in the row that no group grants any
// more; they stay owned, so that a change of policy or a revert finds them.
func ownedAfter(policy Policy, t Team, granted, present map[string]bool, added []string) []string {
	after := make([]string, 0, len(t.Owned)+len(added))
	for _, s := range t.Owned {
		if granted[s] || (policy == Additive && present[s]) {
			after = append(after, s)
		}
	}
	for _, s := range t.Revoked {
		if granted[s] {
			after = append(after, s)
		}
	}
	after = append(after, added...)
	slices.Sort(after)
	return slices.Compact(after)
}

func kinds(t Team, added []string, removed bool) []Kind {
	var k []Kind
	if len(added) > 0 {
		k = append(k, MissingServers)
	}
	if removed {
		k = append(k, ExcessServers)
	}
	if len(k) > 0 && t.Shared {
		k = append(k, SharedRow)
	}
	return k
}

// ceilings follows LiteLLM's combination rule: an empty team list does not
// restrict (user_api_key_auth_mcp.py), and the list that counts includes legacy
// tag groups and tool permissions, which Row.OtherGrants stands for.
func ceilings(row *litellm.Row, c Change) (created, removed bool) {
	if row.OtherGrants {
		return false, false
	}
	before, after := len(c.Before) > 0, len(c.After) > 0
	return !before && after, before && !after
}

func setOf(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[s] = true
	}
	return set
}

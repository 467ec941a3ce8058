package plan

import (
	"slices"

	"litellm-reconciler/pkg/litellm"
)

// Adopt decides which entries that stand in the row, and that a group grants,
// are to be owned although they were there before we came. The Change writes no
// row: Before and After are the same, and Kinds says how the row would be
// drifted after it. A row with a sentinel is left alone.
func Adopt(policy Policy, t Team) (c Change, adopted []string) {
	if t.Row == nil {
		return Change{}, nil
	}
	if slices.Contains(t.Row.Servers, litellm.AllProxyServers) {
		return Change{Sentinel: true}, nil
	}
	owned, granted := setOf(t.Owned), setOf(t.Union)
	for _, s := range t.Row.Servers {
		if granted[s] && !owned[s] {
			owned[s] = true
			adopted = append(adopted, s)
		}
	}
	slices.Sort(adopted)
	t.Owned = slices.Concat(t.Owned, adopted)
	slices.Sort(t.Owned)
	after := Decide(policy, t)
	return Change{Kinds: after.Kinds, Before: t.Row.Servers, After: t.Row.Servers, Owned: t.Owned}, adopted
}

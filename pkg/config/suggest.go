package config

import (
	"slices"
	"strings"

	"litellm-reconciler/pkg/suggest"
)

// closest returns the candidate that was probably meant by name: one that ends in the same word but is in another
// section, else the one that takes the fewest edits, unless it takes so many that the guess would mislead.
func closest(name string, candidates []string) string {
	slices.Sort(candidates)
	word := name[strings.LastIndex(name, ".")+1:]
	best, fewest := "", suggest.Tolerance(name)+1
	for _, candidate := range candidates {
		edits := suggest.Distance(name, candidate)
		if strings.HasSuffix(candidate, "."+word) {
			edits = min(edits, 1)
		}
		if edits < fewest {
			best, fewest = candidate, edits
		}
	}
	return best
}

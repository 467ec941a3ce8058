package config

import (
	"slices"
	"strings"
)

// closest returns the candidate that was probably meant by name: one that ends in the same word but is in another
// section, else the one that takes the fewest edits, unless it takes so many that the guess would mislead.
func closest(name string, candidates []string) string {
	slices.Sort(candidates)
	word := name[strings.LastIndex(name, ".")+1:]
	best, fewest := "", min((len(name)+1)/3, 4)+1
	for _, candidate := range candidates {
		edits := distance(name, candidate)
		if strings.HasSuffix(candidate, "."+word) {
			edits = min(edits, 1)
		}
		if edits < fewest {
			best, fewest = candidate, edits
		}
	}
	return best
}

// distance is the Levenshtein distance: the insertions, deletions and substitutions between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitution := diagonal
			if a[i] != b[j] {
				substitution++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitution, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

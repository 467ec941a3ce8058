// Package suggest guesses which names were meant by one that nothing has.
package suggest

import (
	"cmp"
	"slices"
	"strings"
)

// Tolerance is how many edits away from a name another one may be and still be
// a guess that helps.
func Tolerance(name string) int { return min((len(name)+1)/3, 4) }

// Distance is the Levenshtein distance: the insertions, deletions and substitutions between a and b.
func Distance(a, b string) int {
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

// Fragment is the length from which on a name is a guess for another one that
// it is a part of.
const Fragment = 3

// Ranking keeps the candidates closest to a name, and drops the others at once:
// a million of them may go by.
type Ranking[T any] struct {
	name string
	most int
	best []ranked[T]
}

type ranked[T any] struct {
	candidate T
	text      string
	distance  int
}

// NewRanking makes a Ranking of at most that many candidates. Case does not
// count.
func NewRanking[T any](name string, most int) *Ranking[T] {
	return &Ranking[T]{name: strings.ToLower(name), most: most}
}

// Add considers a candidate by the closest of its names. Among equally close
// ones the first in the order of the alphabet is better.
func (r *Ranking[T]) Add(candidate T, names ...string) {
	best := ranked[T]{candidate, "", -1}
	for _, text := range names {
		if d, near := r.distance(strings.ToLower(text)); near && (best.distance < 0 || d < best.distance) {
			best.text, best.distance = text, d
		}
	}
	if best.distance < 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(r.best, best, func(a, b ranked[T]) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.text, b.text), -1) // behind its equals
	})
	if at < r.most {
		r.best = slices.Insert(r.best, at, best)
		r.best = r.best[:min(len(r.best), r.most)]
	}
}

// Best are the candidates kept, the closest first.
func (r *Ranking[T]) Best() []T {
	list := make([]T, len(r.best))
	for i, b := range r.best {
		list[i] = b.candidate
	}
	return list
}

// distance puts names that hold each other behind those that are few edits
// away: the more of the longer one is missing, the further.
func (r *Ranking[T]) distance(text string) (d int, near bool) {
	difference, tolerance := max(len(text)-len(r.name), len(r.name)-len(text)), Tolerance(r.name)
	if difference <= tolerance {
		if d := Distance(r.name, text); d <= tolerance {
			return d, true
		}
	}
	if min(len(text), len(r.name)) >= Fragment && (strings.Contains(text, r.name) || strings.Contains(r.name, text)) {
		return tolerance + difference, true
	}
	return 0, false
}

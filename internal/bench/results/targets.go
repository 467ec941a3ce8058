package results

import "math"

// Verdict is what a benchmark says about a target.
type Verdict struct {
	What  string
	Limit float64
	Unit  string // empty for a ratio
	// Value is NaN where what it takes was not measured.
	Value float64
	// Teams is the size that the value is of, 0 where it is of several or of none.
	Teams int
	// Least is what the floor came to, where that says how far down the machine lets anybody get; NaN elsewhere.
	Least float64
}

// Known reports whether it was measured.
func (v Verdict) Known() bool { return !math.IsNaN(v.Value) }

// Met reports whether the target was reached.
func (v Verdict) Met() bool { return v.Value <= v.Limit }

// Regressed reports whether a ratio is worse than twice its target, or than twice what the floor came to where that is more.
// Times of one machine say nothing about another's.
func (v Verdict) Regressed() bool {
	limit := v.Limit
	if v.Least > limit {
		limit = v.Least
	}
	return v.Unit == "" && v.Value > 2*limit
}

const (
	standard = 100_000 // the size that a target is about where it does not say
	small    = 10_000
	large    = 1_000_000
)

// Verdicts judges all targets. Those of the standard size fall back to the largest size there is.
func (r *Results) Verdicts() []Verdict {
	size := standard
	if sizes := r.Sizes(); r.At(size, Nothing, Ours) == nil && r.At(size, Missing, Ours) == nil && len(sizes) > 0 {
		size = sizes[len(sizes)-1]
	}
	at := func(work, peer string) *Measurement { return r.At(size, work, peer) }
	waiting := func(peer string) float64 {
		m := at(Missing, peer)
		return medianRatio(m.spend(during), m.spend(before), true)
	}
	return []Verdict{
		{"nothing drifted, against the hand-written check", 0.25, "", ratio(at(Nothing, Ours), at(Nothing, SQL), (*Measurement).Walls), size, math.NaN()},
		{"nothing drifted, against the floor", 5, "", ratio(at(Nothing, Ours), at(Nothing, Floor), (*Measurement).Walls), size, math.NaN()},
		{"everything missing, against the hand-written transaction", 0.80, "", ratio(at(Missing, Ours), at(Missing, SQL), (*Measurement).Walls), size, math.NaN()},
		{"longest row lock during it", 100, "ms", 1000 * Median(at(Missing, Ours).Locks()), size, math.NaN()},
		{"p99 of spend updates during it, against before", 1.5, "", waiting(Ours), size, waiting(Floor)},
		{"0.1 % drifted, against nothing drifted", 1.2, "", ratio(at(Few, Ours), at(Nothing, Ours), (*Measurement).Walls), size, math.NaN()},
		{"one event, 1,000,000 teams against 10,000", 1.3, "", ratio(r.At(large, Event, Ours), r.At(small, Event, Ours), (*Measurement).EventP50s), 0, math.NaN()},
		{"full pass with nothing drifted, 1,000,000 against 100,000", 11, "", ratio(r.At(large, Nothing, Ours), r.At(standard, Nothing, Ours), (*Measurement).Walls), 0, math.NaN()},
		{"full pass with everything missing, 1,000,000 against 100,000", 11, "", ratio(r.At(large, Missing, Ours), r.At(standard, Missing, Ours), (*Measurement).Walls), 0, math.NaN()},
		{"peak memory at 1,000,000 teams, everything missing", 96, "MiB", Median(r.At(large, Missing, Ours).Peaks()) / (1 << 20), large, math.NaN()},
		{"binary, stripped", 25, "MiB", orNaN(float64(r.Program.Bytes)) / (1 << 20), 0, math.NaN()},
		{"process start to first statement", 100, "ms", 1000 * Median(r.Program.FirstStatement), 0, math.NaN()},
	}
}

// ratio pairs the runs of one size, and compares the medians of two.
func ratio(a, b *Measurement, of func(*Measurement) []float64) float64 {
	if a == nil || b == nil {
		return math.NaN()
	}
	return medianRatio(of(a), of(b), a.Teams == b.Teams)
}

func orNaN(v float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return v
}

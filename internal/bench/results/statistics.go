package results

import (
	"math"
	"slices"
)

// Median is the middle of the values, NaN of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// percentile is the smallest of the sorted values that p percent of them do not exceed.
func percentile(sorted []float64, p float64) float64 {
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// Summarize takes latencies in seconds, in any order. It returns nil for none.
func Summarize(latencies []float64) *Latency {
	if len(latencies) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(latencies))
	return &Latency{N: len(sorted), P50: percentile(sorted, 50), P99: percentile(sorted, 99), Max: sorted[len(sorted)-1]}
}

// medianRatio is the median of a over b, repetition by repetition: what slows the machine down for a while slows both
// down. Where the repetitions do not pair, as across sizes, it is the ratio of the medians.
func medianRatio(a, b []float64, paired bool) float64 {
	if !paired || len(a) != len(b) {
		return Median(a) / Median(b)
	}
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return Median(ratios)
}

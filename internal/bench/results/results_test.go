package results

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMedianIsTheMiddle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 9}, 3},
	} {
		if got := Median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
	if got := Median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing is %v", got)
	}
}

func TestPercentilesAreValuesThatWereMeasured(t *testing.T) {
	t.Parallel()
	var hundred []float64
	for i := range 100 {
		hundred = append(hundred, float64(100-i))
	}
	for _, c := range []struct {
		values []float64
		want   Latency
	}{
		{hundred, Latency{N: 100, P50: 50, P99: 99, Max: 100}},
		{[]float64{7}, Latency{N: 1, P50: 7, P99: 7, Max: 7}},
		{[]float64{2, 1}, Latency{N: 2, P50: 1, P99: 2, Max: 2}},
	} {
		if diff := cmp.Diff(c.want, *Summarize(c.values)); diff != "" {
			t.Errorf("of %d values (-want +got):\n%s", len(c.values), diff)
		}
	}
	if Summarize(nil) != nil {
		t.Error("nothing was summed up")
	}
	if hundred[0] != 100 {
		t.Error("the values were put into another order")
	}
}

func TestRatiosPairTheRepetitions(t *testing.T) {
	t.Parallel()
	// The machine is ten times slower in the second half; the ratio is 2 throughout.
	a, b := []float64{2, 2, 20, 20}, []float64{1, 1, 10, 10}
	if got := medianRatio(a, b, true); got != 2 {
		t.Errorf("paired: %v, want 2", got)
	}
	if got := medianRatio([]float64{2, 20, 2}, []float64{10, 1, 1}, true); got != 2 {
		t.Errorf("paired: %v, want 2", got) // 0.2, 20, 2
	}
	if got := medianRatio([]float64{6, 6, 6}, []float64{3}, true); got != 2 {
		t.Errorf("of unequal numbers: %v, want 2", got)
	}
}

func TestResultsSurviveTheFile(t *testing.T) {
	t.Parallel()
	want := &Results{
		Date: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC), Version: "v1", Machine: Machine{CPU: "c", CPUs: 2, LoadBefore: 0.5},
		Settings: map[string]string{"fsync": "on"}, Options: map[string]string{"window": "3s"},
		Program: Program{Bytes: 7, FirstStatement: []float64{0.02}},
	}
	m := want.Add(10, Missing, Ours)
	m.Quiet = []Run{{Wall: 1.5, CPU: 0.25, PeakBytes: 5, WALBytes: 6}}
	m.Busy = []Run{{Wall: 2, LongestLock: 0.125, Before: &Latency{N: 3, P50: 1, P99: 2, Max: 2}, Events: &Latency{N: 1}}}
	path := filepath.Join(t.TempDir(), "results.json")
	if err := want.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Add(10, Missing, Ours) != got.Measurements[0] || got.At(10, Missing, SQL) != nil {
		t.Error("measurements are mixed up")
	}
}

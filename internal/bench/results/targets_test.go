package results

import (
	"math"
	"strings"
	"testing"
)

// sample has three sizes, in which everything takes in proportion to the teams.
func sample() *Results {
	r := &Results{Program: Program{Bytes: 20 << 20, FirstStatement: []float64{0.03, 0.02, 0.04}}}
	for _, teams := range []int{small, standard, large} {
		for peer, wall := range map[string]float64{Ours: 1, SQL: 8, Floor: 0.25} {
			for _, work := range []string{Nothing, Few, Missing} {
				seconds := wall * float64(teams) / standard
				m := r.Add(teams, work, peer)
				m.Quiet = []Run{{Wall: seconds, PeakBytes: int64(teams) * 64}, {Wall: 2 * seconds, PeakBytes: 1}, {Wall: seconds, PeakBytes: int64(teams) * 64}}
				m.Busy = []Run{{LongestLock: 0.05, Before: &Latency{P99: 0.002}, During: &Latency{P99: 0.004}}}
			}
		}
		r.Add(teams, Event, Ours).Quiet = []Run{{Events: &Latency{N: 1, P50: 0.01 + float64(teams)/1e9}}}
	}
	return r
}

func find(t *testing.T, r *Results, what string) Verdict {
	t.Helper()
	for _, v := range r.Verdicts() {
		if strings.HasPrefix(v.What, what) {
			return v
		}
	}
	t.Fatalf("no target %q", what)
	return Verdict{}
}

func TestTargetsAreJudgedByTheirRatios(t *testing.T) {
	t.Parallel()
	r := sample()
	for what, want := range map[string]float64{
		"nothing drifted, against the hand-written check": 0.125, "nothing drifted, against the floor": 4,
		"everything missing, against": 0.125, "longest row lock": 50, "p99 of spend updates": 2, "0.1 % drifted": 1,
		"one event": 11. / 10.01, "full pass with nothing drifted": 10, "full pass with everything missing": 10,
		"peak memory": 64e6 / (1 << 20), "binary": 20, "process start": 30,
	} {
		v := find(t, r, what)
		if math.Abs(v.Value-want) > 1e-9*want {
			t.Errorf("%s: %v, want %v", v.What, v.Value, want)
		}
		if met := what != "p99 of spend updates"; v.Met() != met || v.Regressed() {
			t.Errorf("%s: met is %t and regressed %t with %v of %v", v.What, v.Met(), v.Regressed(), v.Value, v.Limit)
		}
	}
}

func TestWhatWasNotMeasuredIsNeitherMetNorRegressed(t *testing.T) {
	t.Parallel()
	for _, v := range (&Results{}).Verdicts() {
		if v.Known() || v.Met() || v.Regressed() {
			t.Errorf("%s is judged: %v", v.What, v.Value)
		}
	}
}

func TestTheLargestSizeStandsInForTheStandardOne(t *testing.T) {
	t.Parallel()
	r := &Results{}
	for _, teams := range []int{500, 2000} {
		r.Add(teams, Nothing, Ours).Quiet = []Run{{Wall: float64(teams)}}
		r.Add(teams, Nothing, SQL).Quiet = []Run{{Wall: 1000}}
	}
	v := find(t, r, "nothing drifted, against the hand-written check")
	if v.Value != 2 || v.Teams != 2000 {
		t.Errorf("%v of %d teams, want 2 of 2000", v.Value, v.Teams)
	}
	if !v.Regressed() {
		t.Error("eight times the target is no regression")
	}
}

func TestNobodyIsJudgedByWhatTheFloorCannotReach(t *testing.T) {
	t.Parallel()
	for floor, regressed := range map[float64]bool{0.002: true, 0.003: true, 0.0045: false, 0.02: false} {
		r := &Results{}
		for peer, during := range map[string]float64{Ours: 0.008, Floor: floor} {
			r.Add(standard, Missing, peer).Busy = []Run{{Before: &Latency{P99: 0.002}, During: &Latency{P99: during}}}
		}
		v := find(t, r, "p99 of spend updates")
		if v.Met() || v.Regressed() != regressed {
			t.Errorf("%v, the floor %v: met is %t and regressed %t", v.Value, v.Least, v.Met(), v.Regressed())
		}
	}
}

func TestATimeIsNoRegression(t *testing.T) {
	t.Parallel()
	r := &Results{Program: Program{FirstStatement: []float64{5}}}
	if v := find(t, r, "process start"); v.Met() || v.Regressed() {
		t.Errorf("met is %t and regressed %t", v.Met(), v.Regressed())
	}
}

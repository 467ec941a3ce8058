package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/pkg/reconcile"
)

func TestTargetsComeBackAsTheyWerePacked(t *testing.T) {
	t.Parallel()
	const team, row = "0b3c1f0e-7a51-4be2-9a43-6f1d2c3b4a59", "ffffffff-0000-4000-8000-000000000001"
	want := []reconcile.Target{
		{Team: team}, {Team: team, Row: row, Ours: true}, {Team: "research", Row: row, Loses: true}, {Team: team, Row: "r", Stale: true},
		{Team: strings.ToUpper(team)}, {Team: "{" + team + "}"}, {Team: "urn:uuid:" + team}, {Team: strings.ReplaceAll(team, "-", "")},
		{Team: ""}, {Team: "\x00"}, {Team: strings.Repeat("long ", 1000), Row: strings.Repeat("x", 127), Ours: true, Stale: true, Loses: true},
		{Team: strings.Repeat("z", 36), Row: strings.Repeat("-", 36)},
	}
	packed := reconcile.NewTargets(want...)
	if diff := cmp.Diff(want, slices.Collect(packed.All())); diff != "" {
		t.Error(diff)
	}
	if packed.Len() != len(want) || packed.At(2) != want[2] {
		t.Errorf("%d targets, the third is %v", packed.Len(), packed.At(2))
	}
	var chunked []reconcile.Target
	for chunk := range packed.Chunks(5) {
		if len(chunk) > 5 {
			t.Errorf("a chunk of %d", len(chunk))
		}
		chunked = append(chunked, chunk...)
	}
	if diff := cmp.Diff(want, chunked); diff != "" {
		t.Error(diff)
	}
}

func TestTargetsAreSortedByTheBytesOfTheirTeam(t *testing.T) {
	t.Parallel()
	ids := []string{
		"b", "0b3c1f0e-7a51-4be2-9a43-6f1d2c3b4a59", "", "a", "0b3c1f0e-7a51-4be2-9a43-6f1d2c3b4a58", "é", "Z", "0b3c", "f0000000-0000-0000-0000-000000000000",
		"0B3C1F0E-7A51-4BE2-9A43-6F1D2C3B4A59", "0b3c1f0e-7a51-4be2-9a43-6f1d2c3b4a59x", "0a000000-0000-0000-0000-000000000000",
	}
	var targets reconcile.Targets
	for _, id := range ids {
		targets.Add(reconcile.Target{Team: id, Row: "row of " + id})
	}
	targets.Sort()
	slices.Sort(ids)
	at := 0
	for target := range targets.All() {
		if target.Team != ids[at] || target.Row != "row of "+ids[at] {
			t.Errorf("place %d: %v, want team %q", at, target, ids[at])
		}
		at++
	}
}

func TestAListOfTargetsGrowsWithoutTheOneItWasClonedFrom(t *testing.T) {
	t.Parallel()
	var both []reconcile.Target
	for i := range 5000 { // more than a block holds
		both = append(both, reconcile.Target{Team: fmt.Sprintf("b %04d", i), Row: strings.Repeat("r", i%100)})
	}
	both = append(both, reconcile.Target{Team: "c" + strings.Repeat(" long", 20000)}) // nor this one
	list := reconcile.NewTargets(both...)
	clone := list.Clone()
	first, last := reconcile.Target{Team: "a"}, reconcile.Target{Team: "d"}
	clone.Add(first)
	list.Add(last)
	clone.Sort()
	if diff := cmp.Diff(append([]reconcile.Target{first}, both...), slices.Collect(clone.All())); diff != "" {
		t.Error("the clone:", diff)
	}
	if diff := cmp.Diff(append(both, last), slices.Collect(list.All())); diff != "" {
		t.Error("the list:", diff)
	}
}

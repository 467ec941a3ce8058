package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/plan"
)

func TestTheLastChangeOfEachEntryIsFound(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	first, second, third, fourth := newRun(), newRun(), newRun(), newRun()
	for _, w := range []ledger.Writes{
		{Run: first, Entries: []ledger.Entry{created("other"), {
			Team: "team", RowID: "row", Action: ledger.Created, Policy: plan.Managed,
			Change:    plan.Change{After: []string{"a", "b", "c"}, Added: []string{"a", "b", "c"}, Owned: []string{"a", "b", "c"}},
			GrantedBy: map[string][]int{"general": {1, 2, 3}, "more": {1}},
		}}},
		{Run: second, Entries: []ledger.Entry{{
			Team: "team", RowID: "row", Action: ledger.Updated, Policy: plan.Managed,
			Change: plan.Change{Before: []string{"a", "b", "c", "d"}, After: []string{"a", "d"}, Removed: []string{"b", "c"}, Owned: []string{"a"}},
		}}},
		{Run: third, Entries: []ledger.Entry{{
			Team: "team", RowID: "row", Action: ledger.Updated, Policy: plan.Managed,
			Change:    plan.Change{Before: []string{"a", "d"}, After: []string{"a", "d", "b"}, Added: []string{"b"}, Owned: []string{"a", "b"}},
			GrantedBy: map[string][]int{"again": {3}},
		}}},
		{Run: fourth, Entries: []ledger.Entry{{ // what is adopted was there before
			Team: "team", RowID: "row", Action: ledger.Adopted, Policy: plan.Managed,
			Change:    plan.Change{Before: []string{"a", "d", "b"}, After: []string{"a", "d", "b"}, Owned: []string{"a", "b", "d"}},
			GrantedBy: map[string][]int{"general": {2}},
		}}},
	} {
		if err := write(t, d, w); err != nil {
			t.Fatal(err)
		}
	}

	got, err := ledger.LastChanges(t.Context(), d.Pool, names, "team")
	if err != nil {
		t.Fatal(err)
	}

	want := map[string]ledger.Last{
		"a": {Run: first.ID, Action: ledger.Created, Groups: []string{"general", "more"}},
		"b": {Run: third.ID, Action: ledger.Updated, Groups: []string{"again"}},
		"c": {Run: second.ID, Action: ledger.Updated, Removed: true, Groups: []string{}},
		"d": {Run: fourth.ID, Action: ledger.Adopted, Groups: []string{"general"}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(ledger.Last{}, "At")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got["d"].At.Before(got["a"].At) || got["a"].At.IsZero() {
		t.Errorf("the first change was at %s, the last one at %s", got["a"].At, got["d"].At)
	}
	if none, err := ledger.LastChanges(t.Context(), d.Pool, names, "unheard of"); err != nil || len(none) > 0 {
		t.Errorf("a team without changes has %v, %v", none, err)
	}
}

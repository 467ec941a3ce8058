package ledger_test

import (
	"strings"
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

// Time that grows with the square of what is logged ends in the timeout.
func TestTheLastChangesOfALongLogAreFoundInTime(t *testing.T) {
	t.Parallel()
	entries := `ARRAY(SELECT 'entry ' || n FROM generate_series(1, %) AS n)`
	places := `(SELECT jsonb_agg(n) FROM generate_series(1, %) AS n)`
	for name, test := range map[string]struct {
		size, changes string
		want          int
	}{
		"3,000 entries come and go": {"3000", `VALUES (NULL::text[], $entries, jsonb_build_object('general', $places)), ($entries, '{}', '{}')`, 3000},
		"3,000 entries stay":        {"3000", `VALUES (NULL::text[], $entries, jsonb_build_object('general', $places, 'more', $places))`, 3000},
		"1,000 changes of 300 entries": {"300", `
			SELECT $entries, array_append($entries, 'of change ' || n), '{"general": [301]}' FROM generate_series(1, 1000) AS n`, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, _ := installed(t)
			changes := strings.NewReplacer("$entries", entries, "$places", places).Replace(test.changes)
			run := newRun()
			if err := write(t, d, ledger.Writes{Run: run, Entries: []ledger.Entry{created("other")}}); err != nil {
				t.Fatal(err)
			}
			d.Exec(t, `INSERT INTO litellm_reconciler.changes (run_id, team_id, object_permission_id, action, before, after, granted_by)
				SELECT $1, 'team', 'row', 'updated', before, after, granted_by FROM (`+
				strings.ReplaceAll(changes, "%", test.size)+`) AS c (before, after, granted_by)`, run.ID)
			tx, err := d.Pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(t.Context()) }()
			if _, err := tx.Exec(t.Context(), `SET LOCAL statement_timeout = '60s'`); err != nil {
				t.Fatal(err)
			}
			got, err := ledger.LastChanges(t.Context(), tx, names, "team")
			if err != nil || len(got) != test.want {
				t.Fatalf("%d entries, %v, want %d", len(got), err, test.want)
			}
		})
	}
}

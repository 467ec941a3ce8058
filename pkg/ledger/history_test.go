package ledger_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/plan"
)

func history(t *testing.T, d *pgtest.Database, f ledger.Filter, before int64, most int) []ledger.PastChange {
	t.Helper()
	changes, err := ledger.ReadHistory(t.Context(), d.Pool, names, f, before, most)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func TestAChangeIsReadAsItWasWrittenWithItsRun(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	first, second := newRun(), newRun()
	second.Reverts, second.Trigger = &first.ID, "revert"
	shared := "shared row"
	for _, w := range []ledger.Writes{
		{Run: first, Entries: []ledger.Entry{created("team")}},
		{Run: second, Entries: []ledger.Entry{{
			Team: "team", RowID: "copy", PreviousRow: &shared, Action: ledger.Copied, RowCreated: true, Policy: plan.Managed, Union: []string{"b"},
			Change:    plan.Change{Before: []string{"own", "a"}, After: []string{"own", "b"}, Added: []string{"b"}, Removed: []string{"a"}, Owned: []string{"b"}},
			GrantedBy: map[string][]int{"general": {2}, "more": {2}},
		}}},
	} {
		if err := write(t, d, w); err != nil {
			t.Fatal(err)
		}
	}
	finished := first.Started.Add(time.Minute)
	if err := first.Finish(t.Context(), d.Pool, names, finished, "partial", 2, 1, true); err != nil {
		t.Fatal(err)
	}

	got := history(t, d, ledger.Filter{}, math.MaxInt64, 10)

	for i := range got {
		if age := time.Since(got[i].Time); age < -time.Minute || age > time.Minute {
			t.Errorf("change %d was made at %s", i, got[i].Time)
		}
		got[i].Time = time.Time{}
	}
	result, repaired, failed := "partial", 2, 1
	want := []ledger.PastChange{
		{
			ID: 2, Team: "team", Row: "copy", PreviousRow: &shared, Action: ledger.Copied,
			Before: []string{"own", "a"}, After: []string{"own", "b"}, Added: []string{"b"}, Removed: []string{"a"},
			GrantedBy: map[string][]string{"b": {"general", "more"}},
			Run:       ledger.PastRun{Run: second},
		},
		{
			ID: 1, Team: "team", Row: "row of team", Action: ledger.Created,
			After: []string{"a"}, Added: []string{"a"}, Removed: []string{},
			GrantedBy: map[string][]string{"a": {"general"}},
			Run:       ledger.PastRun{Run: first, Finished: &finished, Result: &result, Repaired: &repaired, Failed: &failed},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	run, revertedBy, err := ledger.ReadRun(t.Context(), d.Pool, names, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[1].Run, run); diff != "" {
		t.Errorf("the run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uuid.UUID{second.ID}, revertedBy); diff != "" {
		t.Errorf("what took it back (-want +got):\n%s", diff)
	}
	if _, _, err := ledger.ReadRun(t.Context(), d.Pool, names, uuid.New()); err == nil {
		t.Error("a run that does not exist was read")
	}
}

func TestChangesAreFilteredAndReadPageByPage(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	first, second := newRun(), newRun()
	for _, w := range []ledger.Writes{
		{Run: first, Entries: []ledger.Entry{created("a"), created("b"), created("c")}},
		{Run: second, Entries: []ledger.Entry{created("a"), created("b")}},
	} {
		if err := write(t, d, w); err != nil {
			t.Fatal(err)
		}
	}
	// As after a clock that was set back: 4 is older than 2 and 3.
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for id, hours := range map[int]int{1: 1, 2: 3, 3: 4, 4: 2, 5: 5} {
		d.Exec(t, `UPDATE litellm_reconciler.changes SET changed_at = $2 WHERE change_id = $1`, id, noon.Add(time.Duration(hours)*time.Hour))
	}
	for name, test := range map[string]struct {
		filter ledger.Filter
		before int64
		most   int
		want   string
	}{
		"all":                   {ledger.Filter{}, math.MaxInt64, 10, "[5 4 3 2 1]"},
		"the newest":            {ledger.Filter{}, math.MaxInt64, 2, "[5 4]"},
		"the next ones":         {ledger.Filter{}, 4, 2, "[3 2]"},
		"the last ones":         {ledger.Filter{}, 2, 2, "[1]"},
		"none before the first": {ledger.Filter{}, 1, 2, "[]"},
		"of a team":             {ledger.Filter{Team: "a"}, math.MaxInt64, 10, "[4 1]"},
		"of an unknown team":    {ledger.Filter{Team: "A"}, math.MaxInt64, 10, "[]"},
		"of a run":              {ledger.Filter{Run: first.ID}, math.MaxInt64, 10, "[3 2 1]"},
		"since then":            {ledger.Filter{Since: noon.Add(3 * time.Hour)}, math.MaxInt64, 10, "[5 3 2]"},
		"of all of these":       {ledger.Filter{Team: "b", Run: second.ID, Since: noon}, math.MaxInt64, 10, "[5]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := []int64{}
			for _, c := range history(t, d, test.filter, test.before, test.most) {
				got = append(got, c.ID)
			}
			if fmt.Sprint(got) != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
}

func TestATeamIsKnownByItsGrantsOrItsChanges(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	settled := created("settled")
	settled.Action = ledger.Settled
	if err := write(t, d, ledger.Writes{Run: newRun(), Entries: []ledger.Entry{settled, created("deleted")}}); err != nil {
		t.Fatal(err)
	}
	if err := write(t, d, ledger.Writes{Run: newRun(), Forget: []string{"deleted"}}); err != nil {
		t.Fatal(err)
	}
	for team, want := range map[string]bool{"settled": true, "deleted": true, "new": false} {
		known, err := ledger.KnowsTeam(t.Context(), d.Pool, names, team)
		if err != nil || known != want {
			t.Errorf("team %s: known %t, want %t (%v)", team, known, want, err)
		}
	}
}

func TestLookRightsSufficeToReadTheHistory(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	run := newRun()
	if err := write(t, d, ledger.Writes{Run: run, Entries: []ledger.Entry{created("team")}}); err != nil {
		t.Fatal(err)
	}
	url := d.Role(t, "limited")
	pool := open(t, url)
	for _, r := range ledger.LookRights(names) {
		d.Exec(t, r.Grant(pool.Config().ConnConfig.User))
	}
	if changes, err := ledger.ReadHistory(t.Context(), pool, names, ledger.Filter{}, math.MaxInt64, 10); err != nil || len(changes) != 1 {
		t.Errorf("%d changes, error %v", len(changes), err)
	}
	if _, _, err := ledger.ReadRun(t.Context(), pool, names, run.ID); err != nil {
		t.Error(err)
	}
	if _, err := ledger.KnowsTeam(t.Context(), pool, names, "team"); err != nil {
		t.Error(err)
	}
}

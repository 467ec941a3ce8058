package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/plan"
)

func newRun() ledger.Run {
	return ledger.Run{
		ID: uuid.New(), Started: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC),
		Trigger: "schedule", Policy: plan.Managed, Version: "1.2.3", Host: "here",
	}
}

// created is a team's new row with one server.
func created(team string) ledger.Entry {
	return ledger.Entry{
		Team: team, RowID: "row of " + team, Action: ledger.Created, RowCreated: true, Policy: plan.Managed, Union: []string{"a"},
		Change:    plan.Change{After: []string{"a"}, Added: []string{"a"}, Owned: []string{"a"}},
		GrantedBy: map[string][]int{"general": {1}},
	}
}

// write commits to the ledger as a repair does: as one batch in a transaction,
// after the permission rows.
func write(t *testing.T, d *pgtest.Database, w ledger.Writes) error {
	t.Helper()
	rows(t, d, w.Entries...)
	return pgx.BeginFunc(t.Context(), d.Pool, func(tx pgx.Tx) error {
		var q pgx.Batch
		if err := w.Queue(&q, names); err != nil {
			return err
		}
		return tx.SendBatch(t.Context(), &q).Close()
	})
}

// rows are as a repair left them.
func rows(t *testing.T, d *pgtest.Database, entries ...ledger.Entry) {
	t.Helper()
	for _, e := range entries {
		if e.Action == ledger.Created || e.Action == ledger.Copied || e.Action == ledger.Updated {
			d.Exec(t, `INSERT INTO {schema}."LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers) VALUES ($1, $2)
				ON CONFLICT (object_permission_id) DO UPDATE SET mcp_servers = excluded.mcp_servers`, e.RowID, append([]string{}, e.Change.After...))
		}
	}
}

func read(t *testing.T, d *pgtest.Database, teams ...string) map[string]ledger.Grant {
	t.Helper()
	var q pgx.Batch
	grants := ledger.QueueRead(&q, names, teams)
	if err := d.Pool.SendBatch(t.Context(), &q).Close(); err != nil {
		t.Fatal(err)
	}
	return grants
}

func TestHistoryShowsWhatChangedAndWhoGrantsIt(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	shared := "shared row"
	run := newRun()
	err := write(t, d, ledger.Writes{Run: run, Entries: []ledger.Entry{
		{
			Team: "new", RowID: "row 1", Action: ledger.Created, RowCreated: true, Policy: plan.Managed, Union: []string{"a", "b"},
			Change:    plan.Change{After: []string{"a", "b"}, Added: []string{"a", "b"}, Owned: []string{"a", "b"}},
			GrantedBy: map[string][]int{"general": {1, 2}, "more": {2}},
		},
		{
			Team: "sharing", RowID: "row 2", PreviousRow: &shared, Action: ledger.Copied, RowCreated: true, Policy: plan.Managed,
			Union:     []string{`ser"ver\1`},
			Change:    plan.Change{Before: []string{"own", "own"}, After: []string{"own", "own", `ser"ver\1`}, Added: []string{`ser"ver\1`}, Owned: []string{`ser"ver\1`}},
			GrantedBy: map[string][]int{"the {odd}, group": {3}},
		},
		{
			Team: "old", RowID: "row 3", Action: ledger.Updated, Policy: plan.Managed,
			Change:    plan.Change{Before: []string{"z", "y", "own", "z"}, After: []string{"own"}, Removed: []string{"z", "y"}},
			GrantedBy: map[string][]int{},
		},
		{
			Team: "emptied", RowID: "row 4", Action: ledger.Updated, Policy: plan.Managed,
			Change: plan.Change{Before: []string{"a"}, After: []string{}, Removed: []string{"a"}},
		},
		{
			Team: "was empty", RowID: "row 5", Action: ledger.Updated, Policy: plan.Managed, Union: []string{"a"},
			Change:    plan.Change{Before: []string{}, After: []string{"a"}, Added: []string{"a"}, Owned: []string{"a"}},
			GrantedBy: map[string][]int{"general": {1}},
		},
		{
			Team: "settled", RowID: "row 6", Action: ledger.Settled, Policy: plan.Managed, Union: []string{"a"},
			Change: plan.Change{Before: []string{"a"}, After: []string{"a"}, Owned: []string{"a"}},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}

	type line struct {
		Team, Row                     string
		Previous                      *string
		Action                        string
		Before, After, Added, Removed []string
		GrantedBy                     map[string][]string
	}
	rows, err := d.Pool.Query(t.Context(), `SELECT team_id, object_permission_id, previous_row, action, before, after, added, removed, granted_by
		FROM litellm_reconciler.history WHERE run_id = $1 ORDER BY change_id`, run.ID)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[line])
	if err != nil {
		t.Fatal(err)
	}
	none := map[string][]string{}
	// Without EquateEmpty: no row before is NULL, an empty one is not.
	want := []line{
		{"new", "row 1", nil, "created", nil, []string{"a", "b"}, []string{"a", "b"}, []string{},
			map[string][]string{"a": {"general"}, "b": {"general", "more"}}},
		{"sharing", "row 2", &shared, "copied", []string{"own", "own"}, []string{"own", "own", `ser"ver\1`}, []string{`ser"ver\1`}, []string{},
			map[string][]string{`ser"ver\1`: {"the {odd}, group"}}},
		{"old", "row 3", nil, "updated", []string{"z", "y", "own", "z"}, []string{"own"}, []string{}, []string{"y", "z"}, none},
		{"emptied", "row 4", nil, "updated", []string{"a"}, []string{}, []string{}, []string{"a"}, none},
		{"was empty", "row 5", nil, "updated", []string{}, []string{"a"}, []string{"a"}, []string{}, map[string][]string{"a": {"general"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGrantsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	hash := func(list ...string) int64 {
		return pgtest.Scalar[int64](t, d, `SELECT hash_array_extended($1::text[], 0)`, append([]string{}, list...))
	}
	entries := []ledger.Entry{
		created("all the same"),
		{
			Team: "all different", RowID: "r", Policy: plan.Additive, Action: ledger.Settled, Union: []string{"a", "b"},
			Change: plan.Change{Before: []string{"own", "a", "b"}, After: []string{"own", "a", "b"}, Owned: []string{"b"}},
		},
		{
			Team: "owns nothing", RowID: "r", Policy: plan.Exact, Action: ledger.Settled, RowCreated: true, Union: []string{"a"},
			Change: plan.Change{Before: []string{"a"}, After: []string{"a"}, Owned: []string{}},
		},
		{
			Team: "nothing granted", RowID: "r", Policy: plan.Additive, Action: ledger.Settled,
			Change: plan.Change{Before: []string{"a"}, After: []string{"a"}, Owned: []string{"a"}},
		},
		{ // the row has NULL in it, say, which is nobody's
			Team: "all the same but in the row", RowID: "r", Policy: plan.Managed, Action: ledger.Settled, Union: []string{"a"},
			Change: plan.Change{Before: []string{"a"}, After: []string{"a"}, Owned: []string{"a"}},
		},
		{
			Team: "emptied", RowID: "e", Policy: plan.Managed, Action: ledger.Updated, RowCreated: true,
			Change:  plan.Change{Before: []string{"a"}, After: []string{}, Removed: []string{"a"}},
			Revoked: []string{"a"}, RevokedNow: true,
		},
	}
	d.Row(t, "r", "own", "a", "b")
	want := map[string]ledger.Grant{
		"all the same":                {RowID: "row of all the same", Servers: []string{"a"}, RowCreated: true},
		"all different":               {RowID: "r", Servers: []string{"b"}},
		"owns nothing":                {RowID: "r", RowCreated: true},
		"nothing granted":             {RowID: "r", Servers: []string{"a"}},
		"all the same but in the row": {RowID: "r", Servers: []string{"a"}},
		"emptied":                     {RowID: "e", RowCreated: true, Revoked: []string{"a"}, RevokedFresh: true},
	}
	if err := write(t, d, ledger.Writes{Run: newRun(), Entries: entries}); err != nil {
		t.Fatal(err)
	}
	got := read(t, d, "all the same", "all different", "owns nothing", "nothing granted", "all the same but in the row", "emptied", "unknown")
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	for _, e := range entries {
		union := pgtest.Scalar[int64](t, d, "SELECT union_hash FROM litellm_reconciler.grants WHERE team_id = $1", e.Team)
		if union != hash(e.Union...) {
			t.Errorf("%s: the union's hash is %d", e.Team, union)
		}
		row := pgtest.Scalar[int64](t, d, "SELECT row_hash FROM litellm_reconciler.grants WHERE team_id = $1", e.Team)
		stands := e.Change.After // what was written, or else was there
		if e.RowID == "r" {
			stands = []string{"own", "a", "b"}
		}
		if row != hash(stands...) {
			t.Errorf("%s: the row's hash is %d", e.Team, row)
		}
	}
}

func TestAGrantIsReplacedAndForgotten(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	if err := write(t, d, ledger.Writes{Run: newRun(), Entries: []ledger.Entry{created("kept"), created("gone")}}); err != nil {
		t.Fatal(err)
	}
	next := created("kept")
	next.RowID, next.Action, next.Union = "another row", ledger.Updated, []string{"b"}
	next.Change = plan.Change{Before: []string{"a"}, After: []string{"b"}, Added: []string{"b"}, Removed: []string{"a"}, Owned: []string{"b"}}
	if err := write(t, d, ledger.Writes{Run: newRun(), Entries: []ledger.Entry{next}, Forget: []string{"gone", "never known"}}); err != nil {
		t.Fatal(err)
	}
	grants := read(t, d, "kept", "gone")
	if kept := grants["kept"]; len(grants) != 1 || kept.RowID != "another row" || !cmp.Equal(kept.Servers, []string{"b"}) {
		t.Errorf("got %+v", grants)
	}
	// The log keeps what the grants forget.
	if n := pgtest.Scalar[int](t, d, `SELECT count(*) FROM litellm_reconciler.changes`); n != 3 {
		t.Errorf("%d changes, want 3", n)
	}
}

func TestARunIsRecordedOnceAndFinished(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	run := newRun()
	for _, team := range []string{"first batch", "second batch"} {
		if err := write(t, d, ledger.Writes{Run: run, Entries: []ledger.Entry{created(team)}}); err != nil {
			t.Fatal(err)
		}
	}
	finished := run.Started.Add(time.Minute)
	if err := run.Finish(t.Context(), d.Pool, names, finished, "partial", 2, 1, true); err != nil {
		t.Fatal(err)
	}
	got := pgtest.Scalar[string](t, d, `SELECT string_agg(concat_ws(' ', run_id, trigger, policy, version, host, result, repaired, failed,
		finished_at - started_at), ';') FROM litellm_reconciler.runs`)
	if want := run.ID.String() + " schedule managed 1.2.3 here partial 2 1 00:01:00"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestARunThatWroteNothingLeavesNoTrace(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	run := newRun()
	if err := run.Finish(t.Context(), d.Pool, names, run.Started, "ok", 0, 0, false); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("no")
	rows(t, d, created("team"))
	err := pgx.BeginFunc(t.Context(), d.Pool, func(tx pgx.Tx) error {
		var q pgx.Batch
		w := ledger.Writes{Run: run, Entries: []ledger.Entry{created("team")}}
		return errors.Join(w.Queue(&q, names), tx.SendBatch(t.Context(), &q).Close(), failure)
	})
	if err == nil || err.Error() != failure.Error() {
		t.Fatalf("got %v", err)
	}
	for _, table := range []string{"runs", "grants", "changes"} {
		if n := pgtest.Scalar[int](t, d, `SELECT count(*) FROM litellm_reconciler.`+table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}

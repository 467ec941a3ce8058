package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/reconcile"
)

// A copy is given up only for a row that comes to the same.
func TestARevertGoesBackToTheSharedRow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		meanwhile func(*testing.T, *bundle)
		back      bool
		want      []string
	}{
		"as it was": {func(*testing.T, *bundle) {}, true, []string{"wiki"}},
		"unless the other owner was given more": {
			func(t *testing.T, b *bundle) { b.SetServers(t, "shared", "wiki", "secret") }, false, []string{"wiki"},
		},
		"unless the team was given more": {
			func(t *testing.T, b *bundle) { b.SetServers(t, b.RowID(t, "team"), "wiki", "github", "mail") }, false, []string{"wiki", "mail"},
		},
		"unless another column differs": {
			func(t *testing.T, b *bundle) {
				b.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET agents = '{a}' WHERE object_permission_id = 'shared'`)
			}, false, []string{"wiki"},
		},
		"unless it is gone": {
			func(t *testing.T, b *bundle) {
				b.Exec(t, `DELETE FROM {schema}."LiteLLM_ObjectPermissionTable" WHERE object_permission_id = 'shared'`)
			}, false, []string{"wiki"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_83_14)
			b.Group(t, "general", "github")
			b.Team(t, "team", "general")
			b.Row(t, "shared", "wiki")
			b.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET vector_stores = '{store}'`)
			b.LinkTeam(t, "team", "shared")
			b.Own(t, "LiteLLM_VerificationToken", "shared")
			b.repair(t)
			test.meanwhile(t, b)
			outcome := b.revert(t, reconcile.Scope{})
			if back := b.RowID(t, "team") == "shared"; back != test.back {
				t.Errorf("went back: %t, want %t", back, test.back)
			}
			b.wantServers(t, "team", test.want...)
			if test.back && outcome.Deleted != 1 {
				t.Errorf("%d copies were deleted, want 1", outcome.Deleted)
			}
		})
	}
}

// Two teams share a row. One gets a copy, and then the other gets something in
// the row itself: the copy goes back only once that was taken out, and only if
// the two rows are the same then.
func TestACopyGoesBackToARowInWhichSomethingWasGrantedSince(t *testing.T) {
	t.Parallel()
	for _, batch := range []int{1, 250} {
		for _, first := range []string{"a", "z"} { // before or after team m
			for name, direct := range map[string][]string{"the same row": nil, "a row with less": {"github"}} {
				t.Run(fmt.Sprintf("%s, batches of %d, team %s", name, batch, first), func(t *testing.T) {
					t.Parallel()
					b := setup(t, pgtest.V1_83_14)
					b.config.BatchSize = batch
					b.Group(t, "tools", "jira")
					b.Group(t, "code", "github")
					b.Team(t, first, "tools")
					b.Team(t, "m")
					b.Row(t, "shared", "wiki")
					b.LinkTeam(t, first, "shared")
					b.LinkTeam(t, "m", "shared")
					b.repair(t)
					b.SetServers(t, b.RowID(t, first), append([]string{"wiki", "jira"}, direct...)...)
					b.SetTeamGroups(t, "m", "code")
					b.repair(t)

					b.revert(t, reconcile.Scope{})

					b.wantServers(t, first, append([]string{"wiki"}, direct...)...)
					b.wantServers(t, "m", "wiki")
					if back := b.RowID(t, first) == "shared"; back != (direct == nil) {
						t.Errorf("went back: %t", back)
					}
				})
			}
		}
	}
}

// Whoever writes the row that a team would go back to may be about to add to it.
func TestACopyWaitsForARowThatIsBeingWritten(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.Row(t, "shared", "wiki")
	b.LinkTeam(t, "team", "shared")
	b.Own(t, "LiteLLM_VerificationToken", "shared")
	b.repair(t)
	other := b.hold(t, `UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = '{wiki,secret}' WHERE object_permission_id = 'shared'`)
	if outcome := b.revert(t, reconcile.Scope{}); outcome.Skipped[reconcile.Busy] != 1 {
		t.Errorf("got %+v, want one busy team", outcome)
	}
	if err := other.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.revert(t, reconcile.Scope{})
	b.wantServers(t, "team", "wiki")
	if b.RowID(t, "team") == "shared" {
		t.Error("the team gained by a revert")
	}
}

func TestARelinkRecordsTheRowThatWasGivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.Row(t, "shared", "wiki")
	b.LinkTeam(t, "team", "shared")
	b.Own(t, "LiteLLM_VerificationToken", "shared")
	b.repair(t)
	row := b.RowID(t, "team")
	if outcome := b.revert(t, reconcile.Scope{}); outcome.GivenUp != 1 || outcome.Deleted != 1 {
		t.Errorf("got %+v", outcome)
	}
	got := pgtest.Scalar[string](t, b.Database, `SELECT action || ' ' || object_permission_id || ' ' || previous_row
		FROM litellm_reconciler.changes ORDER BY change_id DESC LIMIT 1`)
	if want := "relinked shared " + row; got != want {
		t.Errorf("recorded %q, want %q", got, want)
	}
}

// What came to be another row since the proposal was looked at by nobody.
func TestATeamThatHasAnotherRowSinceTheProposalIsLeftToTheNextRevert(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "wiki")
	b.repair(t)
	proposals := b.propose(t, reconcile.Scope{})
	b.Own(t, "LiteLLM_UserTable", "row")
	b.SetGroup(t, "general", "github", "jira")
	b.repair(t) // a copy, since the row is shared now
	if outcome := b.carryOut(t, reconcile.Scope{}, proposals); outcome.Skipped[reconcile.Moved] != 1 || outcome.Teams != 0 {
		t.Errorf("got %+v, want the team moved", outcome)
	}
	b.wantServers(t, "team", "wiki", "github", "jira")
	b.revert(t, reconcile.Scope{})
	b.wantServers(t, "team", "wiki")
}

// A revert that was killed between its two halves leaves rows that nothing
// points at. The next one sees to them.
func TestTheNextRevertCleansUpBehindAnInterruptedOne(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.many(t, 4)
	b.repair(t)
	b.Exec(t, `CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$`)
	b.Exec(t, `CREATE TRIGGER refuse BEFORE DELETE ON {schema}."LiteLLM_ObjectPermissionTable" EXECUTE FUNCTION {schema}.refuse()`)
	b.Exec(t, `CREATE TRIGGER refuse_too BEFORE UPDATE ON {schema}."LiteLLM_ObjectPermissionTable" EXECUTE FUNCTION {schema}.refuse()`)
	if _, err := b.reconciler().Revert(t.Context(), reconcile.Scope{}, b.propose(t, reconcile.Scope{}), reconcile.Options{Trigger: "revert"}); err == nil {
		t.Error("nothing went wrong")
	}
	b.Exec(t, `DROP FUNCTION {schema}.refuse() CASCADE`)
	filled := `SELECT count(*)::int FROM {schema}."LiteLLM_ObjectPermissionTable" WHERE mcp_servers <> '{}'`
	if n := pgtest.Scalar[int](t, b.Database, filled); n != 4 {
		t.Fatalf("%d rows are left behind, want 4", n)
	}
	// One of them was given to somebody by now.
	b.Exec(t, `INSERT INTO {schema}."LiteLLM_UserTable" (user_id, object_permission_id)
		SELECT 'user', min(object_permission_id) FROM {schema}."LiteLLM_ObjectPermissionTable"`)
	if outcome := b.revert(t, reconcile.Scope{}); outcome.Deleted != 3 {
		t.Errorf("%d rows were deleted, want 3", outcome.Deleted)
	}
	if n := pgtest.Scalar[int](t, b.Database, filled); n != 1 {
		t.Errorf("%d rows hold something, want that of the user", n)
	}
}

func TestRowsAreEmptiedOnlyWhileNothingPointsAtThemAndNobodyWritesThem(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	catalog, err := litellm.Inspect(t.Context(), b.pool, b.config.Names)
	if err != nil {
		t.Fatal(err)
	}
	var orphans []litellm.Orphan
	for _, row := range []string{"orphan", "used", "written"} {
		b.Row(t, row, "github")
		orphans = append(orphans, litellm.Orphan{ID: row})
	}
	b.Own(t, "LiteLLM_UserTable", "used")
	b.hold(t, `UPDATE "LiteLLM_ObjectPermissionTable" SET agents = '{a}' WHERE object_permission_id = 'written'`)
	if err := litellm.EmptyRows(t.Context(), b.pool, b.config.Names, catalog, orphans, time.Second, time.Minute); err != nil {
		t.Fatal(err)
	}
	got := pgtest.Scalar[string](t, b.Database, `SELECT string_agg(object_permission_id, ' ' ORDER BY 1)
		FROM {schema}."LiteLLM_ObjectPermissionTable" WHERE mcp_servers <> '{}'`)
	if got != "used written" {
		t.Errorf("not emptied: %s", got)
	}
}

// A revert waits for somebody to confirm it.
func TestARowThatCameToBeSharedSinceTheProposalIsTheStrangersToo(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.repair(t)
	row := b.RowID(t, "team")
	proposals := b.propose(t, reconcile.Scope{})
	b.Own(t, "LiteLLM_UserTable", row)
	outcome := b.carryOut(t, reconcile.Scope{}, proposals)
	if outcome.Deleted != 0 || outcome.Teams != 1 || b.RowID(t, "team") != "" {
		t.Errorf("got %+v, want the team unlinked and its row as it was", outcome)
	}
	if got := pgtest.Scalar[[]string](t, b.Database, `SELECT p.mcp_servers FROM {schema}."LiteLLM_UserTable"
		JOIN {schema}."LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)`); len(got) != 1 {
		t.Errorf("the user has %v", got)
	}
}

// Between the last look at who shares rows and the deletion.
func TestARowIsDeletedOnlyWhileNothingPointsAtIt(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	names := postgres.Names{LiteLLM: db.Schema, Ledger: "litellm_reconciler"}
	catalog, err := litellm.Inspect(t.Context(), db.Pool, names)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{"orphan", "used", "filled", "copy", "other"} {
		db.Row(t, row)
	}
	db.Own(t, "LiteLLM_UserTable", "used")
	db.SetServers(t, "filled", "github")
	db.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET agents = '{a}' WHERE object_permission_id IN ('copy', 'used', 'other')`)
	for _, test := range []struct {
		orphan litellm.Orphan
		want   bool
	}{
		{litellm.Orphan{ID: "orphan"}, true},
		{litellm.Orphan{ID: "used"}, false},
		{litellm.Orphan{ID: "filled"}, false},
		{litellm.Orphan{ID: "other"}, false},
		{litellm.Orphan{ID: "copy", Source: "filled"}, false},
		{litellm.Orphan{ID: "copy", Source: "used"}, true},
		{litellm.Orphan{ID: "copy"}, false},
	} {
		deleted, err := litellm.DeleteRow(t.Context(), db.Pool, names, catalog, test.orphan, time.Second, time.Minute)
		if err != nil || deleted != test.want {
			t.Errorf("%+v: deleted %t, error %v", test.orphan, deleted, err)
		}
	}
}

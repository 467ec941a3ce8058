package main

import (
	"errors"
	"sync"
	"syscall"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// crowd is a database of many teams, none of which has a row.
func crowd(t *testing.T, teams int) *pgtest.Database {
	t.Helper()
	db := pgtest.New(t, pgtest.V1_83_14)
	err := pgtest.Populate(t.Context(), db.Pool, db.Schema, pgtest.PopulateOptions{
		Teams: teams, Groups: 50, Servers: 60, ServersPerGroup: 5, GroupsPerTeam: 3, Missing: teams,
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// wantConsistent checks that team, row and ledger agree on what was written, and
// returns how many teams were.
func wantConsistent(t *testing.T, db *pgtest.Database) int {
	t.Helper()
	const linked = `SELECT count(*) FROM {schema}."LiteLLM_TeamTable" WHERE object_permission_id IS NOT NULL`
	teams := pgtest.Scalar[int](t, db, linked)
	for what, sql := range map[string]string{
		"rows":              `SELECT count(*) FROM {schema}."LiteLLM_ObjectPermissionTable"`,
		"rows of one team":  `SELECT count(DISTINCT object_permission_id) FROM {schema}."LiteLLM_TeamTable"`,
		"changes":           `SELECT count(*) FROM litellm_reconciler.changes WHERE action = 'created'`,
		"teams with change": `SELECT count(DISTINCT team_id) FROM litellm_reconciler.changes`,
		"grants": `SELECT count(*) FROM litellm_reconciler.grants AS g
			JOIN {schema}."LiteLLM_TeamTable" AS t USING (team_id, object_permission_id)
			JOIN {schema}."LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)
			WHERE g.servers = p.mcp_servers AND g.row_created`,
	} {
		if got := pgtest.Scalar[int](t, db, sql); got != teams {
			t.Errorf("%d teams are linked, and there are %d %s", teams, got, what)
		}
	}
	return teams
}

func TestATerminatedRepairLeavesACompleteStateThatTheNextPassContinues(t *testing.T) {
	t.Parallel()
	const teams = 3000
	db := crowd(t, teams)
	d := start(t, of(db), "--repair-batch-size=5")
	eventually(t, func() error {
		if pgtest.Scalar[int](t, db, `SELECT count(*) FROM {schema}."LiteLLM_TeamTable" WHERE object_permission_id IS NOT NULL`) == 0 {
			return errors.New("no team has been repaired")
		}
		return nil
	})

	code, _ := d.stop(t, syscall.SIGTERM)

	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	written := wantConsistent(t, db)
	if written == teams || written%5 != 0 {
		t.Errorf("%d of %d teams were repaired: not a stop in between, after whole batches", written, teams)
	}
	if open := pgtest.Scalar[int](t, db, `SELECT count(*) FROM litellm_reconciler.runs WHERE finished_at IS NULL`); open != 0 {
		t.Errorf("%d runs have no end", open)
	}
	rest := once(t, db, 0, "-o", "json").summary(t)
	if rest.RepairedTeams != teams-written {
		t.Errorf("the next pass repaired %d teams, want the other %d", rest.RepairedTeams, teams-written)
	}
	if got := wantConsistent(t, db); got != teams {
		t.Errorf("%d teams are repaired in the end, want %d", got, teams)
	}
}

func TestTwoPassesAtTheSameTimeRepairEachTeamOnce(t *testing.T) {
	t.Parallel()
	const teams = 2000
	db := crowd(t, teams)
	var results [2]result
	var both sync.WaitGroup
	for i := range results {
		both.Go(func() { results[i] = run(t, of(db), "--once", "--repair-batch-size=50") })
	}
	both.Wait()

	for _, r := range results {
		r.wantCode(t, 0)
	}
	if got := wantConsistent(t, db); got != teams {
		t.Errorf("%d teams are repaired, want %d", got, teams)
	}
	wantTexts(t, once(t, db, 0).stdout, "In sync")
}

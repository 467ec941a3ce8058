package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
)

// TestRevertLeavesEverythingAsIfItHadNeverRun applies random edits of
// administrators to two databases, of which the program sees only one. After
// passes, reverts of teams and of runs, and more edits, revert --all leaves the
// two the same.
func TestRevertLeavesEverythingAsIfItHadNeverRun(t *testing.T) {
	t.Parallel()
	const histories = 12
	policies := []string{"managed", "managed", "additive", "managed"}
	for i, version := range pgtest.Versions() {
		t.Run(fmt.Sprintf("%s, %s", policies[i], version), func(t *testing.T) {
			t.Parallel()
			seen, unseen := pgtest.New(t, version), pgtest.New(t, version)
			var all []*twin
			for n := range histories {
				all = append(all, newTwin(t, seen, unseen, uint64(i*histories+n)))
			}
			for range 5 {
				for _, h := range all {
					for range 1 + h.IntN(4) {
						h.edit(t)
					}
				}
				once(t, seen, 0, "--policy="+policies[i], "--repair-batch-size=7", "--allow-revokes")
				all[0].revertSome(t)
			}
			for _, h := range all {
				h.edit(t)
			}

			run(t, of(seen), "revert", "--all", "--yes", "--policy="+policies[i]).wantCode(t, 0)

			for _, h := range all {
				h.compare(t)
			}
			if left := pgtest.Scalar[int](t, seen, `SELECT count(*)::int FROM litellm_reconciler.grants WHERE servers <> '{}'`); left != 0 {
				t.Errorf("the ledger still has %d teams", left)
			}
			if orphans := orphans(t, seen, version); len(orphans) > 0 {
				t.Errorf("rows that nothing points at: %v", orphans)
			}
			before := seen.Fingerprint(t)
			run(t, of(seen), "revert", "--all", "--yes").wantCode(t, 0)
			if seen.Fingerprint(t) != before {
				t.Error("a second revert wrote something")
			}
		})
	}
}

// orphans are the permission rows that nothing points at.
func orphans(t *testing.T, db *pgtest.Database, v pgtest.Version) []string {
	t.Helper()
	owners := ""
	for _, table := range pgtest.OwnerTables(v) {
		owners += fmt.Sprintf(` AND NOT EXISTS (SELECT FROM {schema}.%q AS o WHERE o.object_permission_id = p.object_permission_id)`, table)
	}
	return pgtest.Scalar[[]string](t, db,
		`SELECT coalesce(array_agg(object_permission_id), '{}') FROM {schema}."LiteLLM_ObjectPermissionTable" AS p WHERE true`+owners)
}

// twin is one history in two databases.
type twin struct {
	*rand.Rand
	both   [2]*pgtest.Database // seen by the program, and not
	prefix string
	groups map[string]bool
	teams  []string
	shared map[string]bool // teams that share their row with a key
	log    []string
}

func newTwin(t *testing.T, seen, unseen *pgtest.Database, seed uint64) *twin {
	t.Helper()
	h := &twin{
		Rand: rand.New(rand.NewPCG(seed, 1)), both: [2]*pgtest.Database{seen, unseen},
		prefix: fmt.Sprintf("h%d-", seed), groups: map[string]bool{}, shared: map[string]bool{},
	}
	for i := range 3 {
		h.setGroup(t, h.id("g", i))
	}
	for i := range 5 {
		team, groups := h.id("t", i), h.some("g", 3)
		h.teams = append(h.teams, team)
		h.each(func(db *pgtest.Database) { db.Team(t, team, groups...) })
		h.note("team %s has groups %v", team, groups)
		// What administrators granted before may well be what groups grant.
		row, entries := "row of "+team, append(h.some("s", 5), h.some("d", 3)...)
		switch h.IntN(4) {
		case 0: // no row
		case 1:
			h.shared[team] = true
			h.each(func(db *pgtest.Database) {
				db.Row(t, row, entries...)
				db.LinkTeam(t, team, row)
				db.Exec(t, `INSERT INTO {schema}."LiteLLM_VerificationToken" (token, models, object_permission_id) VALUES ($1, '{}', $2)`, "key of "+team, row)
				db.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET vector_stores = '{store}' WHERE object_permission_id = $1`, row)
			})
			h.note("team %s shares a row with %v", team, entries)
		default:
			h.each(func(db *pgtest.Database) {
				db.Row(t, row, entries...)
				db.LinkTeam(t, team, row)
			})
			h.note("team %s has a row with %v", team, entries)
		}
	}
	return h
}

func (h *twin) id(kind string, i int) string { return fmt.Sprint(h.prefix, kind, i) }

func (h *twin) some(kind string, n int) []string {
	list := []string{}
	for _, i := range h.Perm(n)[:h.IntN(n+1)] {
		list = append(list, h.id(kind, i))
	}
	return list
}

func (h *twin) each(do func(*pgtest.Database)) {
	for _, db := range h.both {
		do(db)
	}
}

func (h *twin) note(format string, args ...any) { h.log = append(h.log, fmt.Sprintf(format, args...)) }

func (h *twin) setGroup(t *testing.T, group string) {
	t.Helper()
	servers, exists := h.some("s", 5), h.groups[group]
	h.groups[group] = true
	h.each(func(db *pgtest.Database) {
		if exists {
			db.SetGroup(t, group, servers...)
		} else {
			db.Group(t, group, servers...)
		}
	})
	h.note("group %s grants %v", group, servers)
}

func (h *twin) edit(t *testing.T) {
	t.Helper()
	group, team := h.id("g", h.IntN(3)), h.teams[h.IntN(len(h.teams))]
	switch h.IntN(6) {
	case 0:
		h.setGroup(t, group)
	case 1:
		if h.groups[group] && len(h.groups) > 1 {
			delete(h.groups, group)
			h.each(func(db *pgtest.Database) { db.DeleteGroup(t, group) })
			h.note("group %s is deleted", group)
		}
	case 2:
		groups := h.some("g", 3)
		h.each(func(db *pgtest.Database) { db.SetTeamGroups(t, team, groups...) })
		h.note("team %s has groups %v", team, groups)
	default:
		// An edit of a shared row meant two owners, and after a copy means one.
		if !h.shared[team] {
			h.editRow(t, team)
		}
	}
}

// editRow adds an entry that no group grants, or removes any, as an
// administrator does who changes one thing in the form.
func (h *twin) editRow(t *testing.T, team string) {
	t.Helper()
	add, remove := h.id("d", h.IntN(3)), h.id([]string{"s", "d"}[h.IntN(2)], h.IntN(3))
	adds := h.IntN(2) == 0
	h.each(func(db *pgtest.Database) {
		row := db.RowID(t, team)
		if row == "" {
			if !adds {
				return
			}
			row = "row of " + team
			db.Exec(t, `DELETE FROM {schema}."LiteLLM_ObjectPermissionTable" WHERE object_permission_id = $1`, row)
			db.Row(t, row)
			db.LinkTeam(t, team, row)
		}
		servers := db.Servers(t, team)
		if adds && !slices.Contains(servers, add) {
			servers = append(servers, add)
		}
		if !adds {
			servers = slices.DeleteFunc(servers, func(s string) bool { return s == remove })
		}
		db.SetServers(t, row, servers...)
	})
	if adds {
		h.note("%s is added to the row of team %s", add, team)
	} else {
		h.note("%s is removed from the row of team %s", remove, team)
	}
}

// revertSome takes back one team or one run, now and then.
func (h *twin) revertSome(t *testing.T) {
	t.Helper()
	seen := h.both[0]
	switch h.IntN(3) {
	case 0:
		run(t, of(seen), "revert", "--yes", "--team", h.teams[h.IntN(len(h.teams))]).wantCode(t, 0)
	case 1:
		id := pgtest.Scalar[string](t, seen, `SELECT run_id::text FROM litellm_reconciler.runs ORDER BY random() LIMIT 1`)
		if r := run(t, of(seen), "revert", "--yes", "--run", id); r.code != 0 {
			wantTexts(t, r.wantCode(t, 1).complaint(t), id) // reverted before, or nothing left
		}
	}
}

func (h *twin) compare(t *testing.T) {
	t.Helper()
	seen, unseen := h.both[0], h.both[1]
	for _, team := range h.teams {
		want, got := unseen.Servers(t, team), seen.Servers(t, team)
		if diff := cmp.Diff(append([]string{}, want...), append([]string{}, got...)); diff != "" {
			t.Errorf("team %s (-never run, +reverted): %s\n%v", team, diff, h.log)
		}
		if want, got := unseen.RowID(t, team), seen.RowID(t, team); h.shared[team] && want != got {
			t.Errorf("team %s has row %q, had %q: %v", team, got, want, h.log)
		}
	}
	for team := range h.shared {
		row := "row of " + team
		if diff := cmp.Diff(entries(t, unseen, row), entries(t, seen, row)); diff != "" {
			t.Errorf("the key that shared the row of team %s: %s", team, diff)
		}
	}
}

func entries(t *testing.T, db *pgtest.Database, row string) []string {
	t.Helper()
	return pgtest.Scalar[[]string](t, db, `SELECT mcp_servers FROM {schema}."LiteLLM_ObjectPermissionTable" WHERE object_permission_id = $1`, row)
}

package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/plan"
)

// model is the contract in its simplest form: sets of entries, a team at a
// time, and no database.
type model struct {
	groups map[string][]string
	teams  map[string]*modelTeam
}

type modelTeam struct {
	groups        []string
	hasRow, known bool // known: a pass has seen it with groups and a row
	row, owned    map[string]bool
	revoked       map[string]bool // within the last minute, as a history is short
}

func (m *model) union(t *modelTeam) map[string]bool {
	union := map[string]bool{}
	for _, g := range t.groups {
		for _, s := range m.groups[g] {
			union[s] = true
		}
	}
	return union
}

// pass is what a pass under the policy makes of the model.
func (m *model) pass(policy plan.Policy) {
	for _, t := range m.teams {
		if len(t.groups) == 0 && !t.known {
			continue // not ours, whatever its row holds
		}
		union := m.union(t)
		t.hasRow = t.hasRow || len(union) > 0
		t.known = t.hasRow
		for s := range t.row {
			switch {
			case union[s] || policy == plan.Additive:
			case policy == plan.Exact || t.owned[s] || t.revoked[s]:
				delete(t.row, s)
			}
		}
		for s := range union {
			if !t.row[s] || t.revoked[s] {
				t.row[s], t.owned[s] = true, true
			}
			delete(t.revoked, s)
		}
		for s := range t.owned {
			if !t.row[s] || policy != plan.Additive && !union[s] {
				delete(t.owned, s)
				t.revoked[s] = true
			}
		}
	}
}

// TestRandomHistories lets administrators edit groups, teams and rows in any
// order between passes, and compares every row and what the ledger owns of it
// with the model. The histories of a database share its passes.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	const histories = 50
	policies := []plan.Policy{plan.Managed, plan.Managed, plan.Additive, plan.Exact}
	for i, version := range pgtest.Versions() {
		t.Run(fmt.Sprintf("%s, %s", policies[i], version), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, version)
			var all []*history
			for seed := i; seed < histories; seed += len(policies) {
				all = append(all, newHistory(t, db, uint64(seed), policies[i]))
			}
			pass := func() {
				once(t, db, 0, "--policy="+string(policies[i]), "--repair-batch-size=7", "--allow-revokes")
			}
			for range 6 {
				for _, h := range all {
					for range 1 + h.IntN(4) {
						h.edit(t)
					}
				}
				pass()
				for _, h := range all {
					h.model.pass(h.policy)
					h.compare(t)
				}
			}
			before, remembered := db.Fingerprint(t), ledgerVersions(t, db)
			pass()
			if db.Fingerprint(t) != before || ledgerVersions(t, db) != remembered {
				t.Error("a last pass without an edit wrote something")
			}
		})
	}
}

// ledgerVersions changes with every write of a grant.
func ledgerVersions(t *testing.T, db *pgtest.Database) string {
	t.Helper()
	return pgtest.Scalar[string](t, db, `SELECT coalesce(string_agg(team_id || xmin, ',' ORDER BY team_id), '')
		FROM litellm_reconciler.grants`)
}

type history struct {
	*rand.Rand
	*pgtest.Database
	prefix string // of the ids of this history
	policy plan.Policy
	model  model
	log    []string
}

func newHistory(t *testing.T, db *pgtest.Database, seed uint64, policy plan.Policy) *history {
	t.Helper()
	h := &history{
		Rand:     rand.New(rand.NewPCG(seed, 0)),
		Database: db,
		prefix:   fmt.Sprintf("h%d-", seed),
		policy:   policy,
		model:    model{groups: map[string][]string{}, teams: map[string]*modelTeam{}},
	}
	for i := range 3 {
		h.setGroup(t, h.id("g", i), h.Group)
	}
	for i := range 4 {
		groups := h.some("g", 3)
		h.model.teams[h.id("t", i)] = &modelTeam{groups: groups, row: map[string]bool{}, owned: map[string]bool{}, revoked: map[string]bool{}}
		h.Team(t, h.id("t", i), groups...)
	}
	return h
}

func (h *history) id(kind string, i int) string { return fmt.Sprint(h.prefix, kind, i) }

// some picks any of n names, in any order.
func (h *history) some(kind string, n int) []string {
	var list []string
	for _, i := range h.Perm(n)[:h.IntN(n+1)] {
		list = append(list, h.id(kind, i))
	}
	return list
}

func (h *history) edit(t *testing.T) {
	t.Helper()
	group, team := h.id("g", h.IntN(3)), h.id("t", h.IntN(4))
	_, exists := h.model.groups[group]
	switch what := h.IntN(5); {
	case what == 0 && exists:
		h.setGroup(t, group, h.SetGroup)
	case what == 1 && exists && len(h.model.groups) > 1:
		delete(h.model.groups, group)
		h.DeleteGroup(t, group)
		h.note("group %s is deleted", group)
	case what <= 1 && !exists:
		h.setGroup(t, group, h.Group)
	case what == 2:
		h.model.teams[team].groups = h.some("g", 3)
		h.SetTeamGroups(t, team, h.model.teams[team].groups...)
		h.note("team %s has groups %v", team, h.model.teams[team].groups)
	default:
		h.editRow(t, team)
	}
}

// setGroup makes or edits a group.
func (h *history) setGroup(t *testing.T, group string, set func(testing.TB, string, ...string)) {
	t.Helper()
	h.model.groups[group] = h.some("s", 5)
	set(t, group, h.model.groups[group]...)
	h.note("group %s grants %v", group, h.model.groups[group])
}

// editRow writes the whole list, as LiteLLM's own form does.
func (h *history) editRow(t *testing.T, team string) {
	t.Helper()
	row := h.RowID(t, team)
	if row == "" {
		row = "row of " + team
		h.Row(t, row)
		h.LinkTeam(t, team, row)
	}
	entries := h.some("s", 7) // s5 and s6 are granted by no group
	h.SetServers(t, row, entries...)
	h.model.teams[team].row, h.model.teams[team].hasRow = map[string]bool{}, true
	for _, s := range entries {
		h.model.teams[team].row[s] = true
	}
	h.note("the row of team %s is set to %v", team, entries)
}

func (h *history) note(format string, args ...any) {
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

func (h *history) compare(t *testing.T) {
	t.Helper()
	for id, team := range h.model.teams {
		got := h.Servers(t, id)
		slices.Sort(got)
		if diff := cmp.Diff(sorted(team.row), append([]string{}, got...)); diff != "" {
			t.Fatalf("%s, team %s: %s\n%v", h.policy, id, diff, h.log)
		}
		owned := pgtest.Scalar[[]string](t, h.Database,
			"SELECT coalesce((SELECT servers FROM litellm_reconciler.grants WHERE team_id = $1), '{}')", id)
		if diff := cmp.Diff(sorted(team.owned), append([]string{}, owned...)); diff != "" {
			t.Fatalf("%s, owned of team %s: %s\n%v", h.policy, id, diff, h.log)
		}
	}
	h.note("pass")
}

func sorted(set map[string]bool) []string {
	return append([]string{}, slices.Sorted(maps.Keys(set))...)
}

package reconcile_test

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
	groups          []string
	hasRow, created bool // created: by a pass
	row, owned      map[string]bool
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
		if len(t.groups) == 0 && len(t.owned) == 0 && !t.created {
			continue // not ours, whatever its row holds
		}
		union := m.union(t)
		if !t.hasRow && len(union) > 0 {
			t.hasRow, t.created = true, true
		}
		for s := range t.row {
			if policy == plan.Exact && !union[s] || policy == plan.Managed && t.owned[s] && !union[s] {
				delete(t.row, s)
			}
		}
		for s := range union {
			if !t.row[s] {
				t.row[s], t.owned[s] = true, true
			}
		}
		for s := range t.owned {
			if !t.row[s] || policy != plan.Additive && !union[s] {
				delete(t.owned, s)
			}
		}
	}
}

// TestRandomHistories lets administrators edit groups, teams and rows in any
// order between passes, and compares every row and what the ledger owns of it
// with the model.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := newHistory(t, seed)
			for range 6 {
				for range 1 + h.IntN(4) {
					h.edit(t)
				}
				h.bundle.repair(t)
				h.model.pass(h.bundle.config.Policy)
				h.compare(t)
			}
			before := h.bundle.Fingerprint(t)
			if r := h.bundle.repair(t); h.bundle.Fingerprint(t) != before || r.Done.Settled != 0 {
				t.Error("a last pass without an edit wrote something")
			}
		})
	}
}

type history struct {
	*rand.Rand
	bundle *bundle
	model  model
	log    []string
}

func newHistory(t *testing.T, seed uint64) *history {
	h := &history{
		Rand:   rand.New(rand.NewPCG(seed, 0)),
		bundle: setup(t, pgtest.Versions()[seed%4]),
		model:  model{groups: map[string][]string{}, teams: map[string]*modelTeam{}},
	}
	h.bundle.config.Policy = []plan.Policy{plan.Managed, plan.Managed, plan.Additive, plan.Exact}[h.IntN(4)]
	h.bundle.config.BatchSize = 1 + h.IntN(3)
	for i := range 3 {
		h.model.groups[fmt.Sprint("g", i)] = h.some("s", 5)
		h.bundle.Group(t, fmt.Sprint("g", i), h.model.groups[fmt.Sprint("g", i)]...)
	}
	for i := range 4 {
		team := fmt.Sprint("t", i)
		h.model.teams[team] = &modelTeam{groups: h.some("g", 3), row: map[string]bool{}, owned: map[string]bool{}}
		h.bundle.Team(t, team, h.model.teams[team].groups...)
	}
	return h
}

// some picks any of n names, in any order.
func (h *history) some(prefix string, n int) []string {
	var list []string
	for _, i := range h.Perm(n)[:h.IntN(n+1)] {
		list = append(list, fmt.Sprint(prefix, i))
	}
	return list
}

func (h *history) edit(t *testing.T) {
	group, team := fmt.Sprint("g", h.IntN(3)), fmt.Sprint("t", h.IntN(4))
	_, exists := h.model.groups[group]
	switch what := h.IntN(5); {
	case what == 0 && exists:
		h.model.groups[group] = h.some("s", 5)
		h.bundle.SetGroup(t, group, h.model.groups[group]...)
		h.note("group %s grants %v", group, h.model.groups[group])
	case what == 1 && exists && len(h.model.groups) > 1:
		delete(h.model.groups, group)
		h.bundle.DeleteGroup(t, group)
		h.note("group %s is deleted", group)
	case what <= 1 && !exists:
		h.model.groups[group] = h.some("s", 5)
		h.bundle.Group(t, group, h.model.groups[group]...)
		h.note("group %s is made again and grants %v", group, h.model.groups[group])
	case what == 2:
		h.model.teams[team].groups = h.some("g", 3)
		h.bundle.SetTeamGroups(t, team, h.model.teams[team].groups...)
		h.note("team %s has groups %v", team, h.model.teams[team].groups)
	default:
		h.editRow(t, team)
	}
}

// editRow writes the whole list, as LiteLLM's own form does.
func (h *history) editRow(t *testing.T, team string) {
	row := h.bundle.RowID(t, team)
	if row == "" {
		row = "row of " + team
		h.bundle.Row(t, row)
		h.bundle.LinkTeam(t, team, row)
	}
	entries := h.some("s", 7) // s5 and s6 are granted by no group
	h.bundle.SetServers(t, row, entries...)
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
		got := h.bundle.Servers(t, id)
		slices.Sort(got)
		if diff := cmp.Diff(sorted(team.row), append([]string{}, got...)); diff != "" {
			t.Fatalf("%s, team %s: %s\n%v", h.bundle.config.Policy, id, diff, h.log)
		}
		owned := pgtest.Scalar[[]string](t, h.bundle.Database,
			"SELECT coalesce((SELECT servers FROM litellm_reconciler.grants WHERE team_id = $1), '{}')", id)
		if diff := cmp.Diff(sorted(team.owned), append([]string{}, owned...)); diff != "" {
			t.Fatalf("%s, owned of team %s: %s\n%v", h.bundle.config.Policy, id, diff, h.log)
		}
	}
	h.note("pass")
}

func sorted(set map[string]bool) []string {
	return append([]string{}, slices.Sorted(maps.Keys(set))...)
}

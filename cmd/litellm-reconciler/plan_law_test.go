package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/plan"
)

// TestAPlanIsWhatTheNextPassDoes edits groups, teams and rows at random, and
// compares the plan with what the ledger records of the next pass, and what it
// says of keys with what they may use before and after.
func TestAPlanIsWhatTheNextPassDoes(t *testing.T) {
	t.Parallel()
	policies := []plan.Policy{plan.Managed, plan.Exact, plan.Additive, plan.Managed}
	for i, version := range pgtest.Versions() {
		t.Run(fmt.Sprintf("%s, %s", policies[i], version), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, version)
			flags := []string{"--policy=" + string(policies[i]), "--guard-max-revoked-fraction=1"}
			var all []*history
			for seed := range 8 {
				h := newHistory(t, db, uint64(100*i+seed), policies[i])
				h.addKeys(t)
				all = append(all, h)
			}
			seen := map[string]int{}
			for range 5 {
				for _, h := range all {
					for range 1 + h.IntN(4) {
						h.edit(t)
					}
					h.share(t)
				}
				installed := hasLedger(t, db)
				last, before, keysBefore := lastChange(t, db), db.Fingerprint(t), readKeys(t, db)

				p := planOf(t, db, 0, append(flags, "-o", "json", "--keys")...).planned(t)
				if db.Fingerprint(t) != before || lastChange(t, db) != last {
					t.Fatal("the plan wrote something")
				}
				done := once(t, db, 0, append(flags, "-o", "json")...).summary(t)

				wantTeams(t, p, readChanges(t, db, last))
				if !installed { // where none is, no entry is stale
					done.SettledTeams = p.Summary.StaleTeams
				}
				wantSums(t, p, done)
				wantKeys(t, p, keysBefore, readKeys(t, db))
				for _, what := range []map[string]int{p.Summary.Drifted, p.Summary.Keys.Rows} {
					for name, n := range what {
						seen[name] += n
					}
				}
			}
			for _, name := range append(strings.Fields(kinds), "gain", "lose", "narrowed", "widened") {
				if takes := slices.Contains([]string{"excess_servers", "lose", "widened"}, name); seen[name] == 0 != (takes && policies[i] == plan.Additive) {
					t.Errorf("%s was seen %d times", name, seen[name])
				}
			}
		})
	}
}

// addKeys gives each team keys with and without servers of their own.
func (h *history) addKeys(t *testing.T) {
	t.Helper()
	for team := range 4 {
		for key := range 4 {
			token, id := fmt.Sprint(h.id("k", team), "-", key), h.id("t", team)
			switch own := h.some("s", 7); {
			case key == 0:
				h.Key(t, token, id)
			case key == 1 && team == 0:
				keyWith(t, h.Database, token, id, append(own, "no-mcp-servers")...)
			default:
				keyWith(t, h.Database, token, id, own...)
			}
		}
	}
}

// share now and then makes a key point at the row of its team.
func (h *history) share(t *testing.T) {
	t.Helper()
	if h.IntN(3) > 0 {
		return
	}
	n := h.IntN(4)
	if row := h.RowID(t, h.id("t", n)); row != "" {
		h.Exec(t, `UPDATE {schema}."LiteLLM_VerificationToken" SET object_permission_id = $2 WHERE token = $1`, fmt.Sprint(h.id("k", n), "-0"), row)
	}
}

func lastChange(t *testing.T, db *pgtest.Database) int {
	t.Helper()
	if !hasLedger(t, db) {
		return 0
	}
	return pgtest.Scalar[int](t, db, "SELECT coalesce(max(change_id), 0)::int FROM litellm_reconciler.changes")
}

// readChanges returns what passes since then recorded, in the form of a plan.
func readChanges(t *testing.T, db *pgtest.Database, since int) map[string]plannedTeam {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), `SELECT team_id, action, coalesce(previous_row, object_permission_id),
		coalesce(before, '{}'), after, added, removed, granted_by FROM litellm_reconciler.history WHERE change_id > $1`, since)
	if err != nil {
		t.Fatal(err)
	}
	changes := map[string]plannedTeam{}
	var c plannedTeam
	var row string
	var added, removed []string
	var givers map[string][]string
	_, err = pgx.ForEachRow(rows, []any{&c.Team, &c.Action, &row, &c.Before, &c.After, &added, &removed, &givers}, func() error {
		if c.Action != "created" {
			id := row
			c.Row = &id
		}
		for _, s := range added {
			e := plannedEntry{Server: s}
			for _, g := range givers[s] {
				e.Groups = append(e.Groups, plannedGroup{g, "name of " + g})
			}
			c.Added = append(c.Added, e)
		}
		for _, s := range removed {
			c.Removed = append(c.Removed, plannedEntry{Server: s})
		}
		changes[c.Team] = c
		c, givers = plannedTeam{}, nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func wantTeams(t *testing.T, p planned, want map[string]plannedTeam) {
	t.Helper()
	got := map[string]plannedTeam{}
	for _, team := range p.Teams {
		for _, e := range team.Kept {
			if !slices.Contains(team.Before, e.Server) || !slices.Contains(team.After, e.Server) {
				t.Errorf("%s is not kept: %+v", e.Server, team)
			}
		}
		slices.SortFunc(team.Removed, func(a, b plannedEntry) int { return strings.Compare(a.Server, b.Server) })
		got[team.Team] = plannedTeam{
			Team: team.Team, Action: team.Action, Row: team.Row, Before: append([]string{}, team.Before...), After: team.After,
			Added: team.Added, Removed: team.Removed,
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("the pass did otherwise than planned (-pass +plan):\n%s", diff)
	}
}

func wantSums(t *testing.T, p planned, done summary) {
	t.Helper()
	s := p.Summary
	want := plannedSummary{
		Result: "ok", Policy: s.Policy, Teams: done.Teams, AccessGroups: done.AccessGroups, DriftedTeams: done.RepairedTeams,
		Drifted: done.Repaired, RowsCreated: s.RowsCreated, RowsUpdated: s.RowsUpdated, RowsCopied: s.RowsCopied,
		ServersGranted: done.ServersGranted, ServersRevoked: done.ServersRevoked,
		CeilingsCreated: done.CeilingsCreated, CeilingsRemoved: done.CeilingsRemoved, Keys: s.Keys,
		StaleTeams: done.SettledTeams + done.Skipped["gone"], Skipped: counts("sentinel", done.Skipped),
		Dangling: done.Dangling, Mismatches: done.Mismatches, Duration: s.Duration,
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Fatalf("the pass came to something else than planned (-pass +plan):\n%s", diff)
	}
	if s.RowsCreated+s.RowsUpdated+s.RowsCopied != len(p.Teams) || s.RowsCreated != s.Drifted["missing_row"] || s.RowsCopied != s.Drifted["shared_row"] {
		t.Errorf("the numbers of rows do not add up: %+v", s)
	}
}

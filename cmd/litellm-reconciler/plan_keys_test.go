package main

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
)

// keyState is all that decides about a key here: its own list, its team's, and
// what the team's groups grant.
type keyState struct{ own, row, groups []string }

func readKeys(t *testing.T, db *pgtest.Database) map[string]keyState {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), `SELECT k.key_alias, coalesce(o.mcp_servers, '{}'), coalesce(p.mcp_servers, '{}'),
			ARRAY(SELECT unnest(g.access_mcp_server_ids) FROM "LiteLLM_AccessGroupTable" AS g
			      WHERE g.access_group_id = ANY (t.access_group_ids))
		FROM "LiteLLM_VerificationToken" AS k
		JOIN "LiteLLM_TeamTable" AS t USING (team_id)
		LEFT JOIN "LiteLLM_ObjectPermissionTable" AS o ON o.object_permission_id = k.object_permission_id
		LEFT JOIN "LiteLLM_ObjectPermissionTable" AS p ON p.object_permission_id = t.object_permission_id`)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]keyState{}
	var alias string
	var k keyState
	_, err = pgx.ForEachRow(rows, []any{&alias, &k.own, &k.row, &k.groups}, func() error {
		keys[alias], k = k, keyState{}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// uses is the rule of LiteLLM before v1.88, to which no-mcp-servers is an id
// like any other: what the team has, unless the key has a list as well, then
// what both have.
func (k keyState) uses(team []string) []string {
	list := slices.Concat(k.own, team)
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(s string) bool {
		return s == "no-mcp-servers" || len(team) > 0 && !slices.Contains(team, s) || len(k.own) > 0 && !slices.Contains(k.own, s)
	})
}

func wantKeys(t *testing.T, p planned, before, after map[string]keyState) {
	t.Helper()
	listed := map[string]plannedKey{}
	for _, team := range p.Teams {
		rows, native := map[string]int{}, map[string]int{}
		for _, k := range team.Keys.List {
			listed[k.Key] = k
			for _, e := range k.Effects {
				rows[e]++
			}
			for _, e := range k.Native {
				native[e]++
			}
		}
		if diff := cmp.Diff([]map[string]int{effects(rows), effects(native)}, []map[string]int{team.Keys.Rows, team.Keys.Native}); diff != "" {
			t.Errorf("the counts of team %s are not those of its keys: %s", team.Team, diff)
		}
	}
	want := map[string]plannedKey{}
	for alias, old := range before {
		now := after[alias]
		k := plannedKey{
			Key: alias, Before: old.uses(old.row), After: now.uses(now.row),
			Effects: effectsOf(old, now, old.row, now.row),
			Native:  effectsOf(old, now, slices.Concat(old.row, old.groups), slices.Concat(now.row, now.groups)),
		}
		if slices.Contains(old.own, "no-mcp-servers") {
			k.Native = nil // from v1.88 it keeps the key from everything
		}
		if len(k.Effects)+len(k.Native) > 0 {
			want[alias] = k
		}
	}
	if diff := cmp.Diff(want, listed, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("keys fare otherwise than planned (-pass +plan):\n%s", diff)
	}
}

func effectsOf(old, now keyState, teamBefore, teamAfter []string) []string {
	before, after := old.uses(teamBefore), now.uses(teamAfter)
	lost := slices.ContainsFunc(before, func(s string) bool { return !slices.Contains(after, s) })
	gained := slices.ContainsFunc(after, func(s string) bool { return !slices.Contains(before, s) })
	began, ceased := len(teamBefore) == 0 && len(teamAfter) > 0, len(teamBefore) > 0 && len(teamAfter) == 0
	list := []string{}
	for _, e := range []struct {
		name string
		is   bool
	}{{"gain", gained && !ceased}, {"lose", lost && !began}, {"narrowed", lost && began}, {"widened", gained && ceased}} {
		if e.is {
			list = append(list, e.name)
		}
	}
	return list
}

//go:build faults

package faults_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
)

// picture is all that a pass may write, in one snapshot and without what is
// different each time: ids of new rows and runs, and times.
type picture struct {
	Teams   map[string]team
	Grants  map[string]grant
	Changes map[string][]change // by team
	Rows    int                 // permission rows, linked or not
	Strange int                 // grants for a row other than the team's
}

type team struct {
	HasRow  bool
	Servers []string
	// Union is what the groups grant.
	Union []string
}

type grant struct {
	Servers, Revoked   []string
	Policy             string
	Created            bool
	UnionHash, RowHash int64
}

type change struct {
	Action        string
	Before, After []string
	GrantedBy     string
}

func photograph(t *testing.T, db *pgtest.Database) picture {
	t.Helper()
	p := picture{Teams: map[string]team{}, Grants: map[string]grant{}, Changes: map[string][]change{}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := pgx.BeginTxFunc(ctx, db.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var id string
		var member team
		rows, _ := tx.Query(ctx, `
			SELECT t.team_id, p.object_permission_id IS NOT NULL, p.mcp_servers,
			       ARRAY(SELECT DISTINCT s FROM "LiteLLM_AccessGroupTable" AS g, unnest(g.access_mcp_server_ids) AS s
			             WHERE g.access_group_id = ANY (t.access_group_ids) ORDER BY s)
			FROM "LiteLLM_TeamTable" AS t LEFT JOIN "LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)`)
		if _, err := pgx.ForEachRow(rows, []any{&id, &member.HasRow, &member.Servers, &member.Union}, func() error {
			p.Teams[id] = member
			member = team{}
			return nil
		}); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM "LiteLLM_ObjectPermissionTable"`).Scan(&p.Rows); err != nil {
			return err
		}
		var ledger bool
		if err := tx.QueryRow(ctx, `SELECT to_regclass('litellm_reconciler.changes') IS NOT NULL
			AND to_regclass('litellm_reconciler.grants') IS NOT NULL`).Scan(&ledger); err != nil || !ledger {
			return err
		}
		var g grant
		var strange bool
		rows, _ = tx.Query(ctx, `
			SELECT g.team_id, g.servers, g.revoked, g.policy, g.row_created, g.union_hash, g.row_hash,
			       coalesce(t.object_permission_id <> g.object_permission_id, false)
			FROM litellm_reconciler.grants AS g LEFT JOIN "LiteLLM_TeamTable" AS t USING (team_id)`)
		if _, err := pgx.ForEachRow(rows, []any{&id, &g.Servers, &g.Revoked, &g.Policy, &g.Created, &g.UnionHash, &g.RowHash, &strange}, func() error {
			p.Grants[id] = g
			if strange {
				p.Strange++
			}
			g = grant{}
			return nil
		}); err != nil {
			return err
		}
		var c change
		rows, _ = tx.Query(ctx, `SELECT team_id, action, before, after, granted_by::text FROM litellm_reconciler.changes ORDER BY change_id`)
		_, err := pgx.ForEachRow(rows, []any{&id, &c.Action, &c.Before, &c.After, &c.GrantedBy}, func() error {
			p.Changes[id] = append(p.Changes[id], c)
			c = change{}
			return nil
		})
		return err
	})
	if err != nil {
		t.Fatalf("reading the state of the database: %v", err)
	}
	return p
}

// wantBetween checks a state that a fault left behind: each team as it was
// before, or as it is to be, with what the ledger says of it; and nothing
// revoked that is still granted, or that an administrator put there.
func (i *injection) wantBetween(t *testing.T, at string, was, got, target picture) {
	t.Helper()
	for id, now := range got.Teams {
		old, goal := was.Teams[id], target.Teams[id]
		logged := got.Changes[id][len(was.Changes[id]):]
		switch {
		case cmp.Equal(now, old):
			if len(logged) > 0 || !cmp.Equal(got.Grants[id], was.Grants[id]) && !cmp.Equal(got.Grants[id], target.Grants[id]) {
				i.mistake(t, "%s: team %q is as before, the ledger is not: %+v, %+v", at, id, logged, got.Grants[id])
			}
		case cmp.Equal(now, goal):
			if !cmp.Equal(got.Grants[id], target.Grants[id]) {
				i.mistake(t, "%s: team %q is repaired, the ledger says %+v", at, id, got.Grants[id])
			}
		default:
			i.mistake(t, "%s: team %q is %+v, neither %+v nor %+v", at, id, now, old, goal)
		}
		for _, server := range old.Servers {
			if !slices.Contains(now.Servers, server) && slices.Contains(goal.Servers, server) {
				i.lose(t, "%s: team %q has lost %q", at, id, server)
			}
		}
		servers := old.Servers
		for _, c := range logged {
			if !slices.Equal(c.Before, servers) {
				i.mistake(t, "%s: the log of team %q begins with %q, not with %q", at, id, c.Before, servers)
			}
			servers = c.After
		}
		if !slices.Equal(now.Servers, servers) {
			i.mistake(t, "%s: the log of team %q leads to %q, the row has %q", at, id, servers, now.Servers)
		}
	}
	if got.Strange > target.Strange && got.Strange > was.Strange {
		i.mistake(t, "%s: %d grants are of other rows than their teams'", at, got.Strange)
	}
}

// wantSame checks that nothing is left of a fault.
func (i *injection) wantSame(t *testing.T, at string, got, target picture) {
	t.Helper()
	if diff := cmp.Diff(target, got); diff != "" {
		i.mistake(t, "%s: in the end not as without it (-without +with):\n%s", at, diff)
	}
}

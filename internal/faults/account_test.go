//go:build faults

package faults_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
)

// accountSQL puts what a team has beside what LiteLLM wrote last. Last is to
// its row or, if that was never written by LiteLLM, to the row it was copied
// from: whatever LiteLLM itself would have overwritten is not asked for. linked
// is the row that LiteLLM linked last, since the team was made.
const accountSQL = `
SELECT t.team_id, coalesce(t.object_permission_id, ''), coalesce(p.mcp_servers, '{}'), coalesce(p.vector_stores, '{}'),
       coalesce(copied.previous_row, ''), coalesce(linked.row_id, ''),
       coalesce(own.direct, source.direct, '{}'), coalesce(own.vector_stores, source.vector_stores, '{}'),
       ARRAY(SELECT DISTINCT s FROM "LiteLLM_AccessGroupTable" AS g, unnest(g.access_mcp_server_ids) AS s
             WHERE g.access_group_id = ANY (t.access_group_ids) ORDER BY s)
FROM "LiteLLM_TeamTable" AS t
LEFT JOIN "LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)
LEFT JOIN LATERAL (SELECT previous_row FROM litellm_reconciler.changes AS c
    WHERE c.object_permission_id = t.object_permission_id AND c.action = 'copied' LIMIT 1) AS copied ON true
LEFT JOIN LATERAL (SELECT * FROM account.rows AS r WHERE r.row_id = t.object_permission_id ORDER BY seq DESC LIMIT 1) AS own ON true
LEFT JOIN LATERAL (SELECT * FROM account.rows AS r WHERE r.row_id = copied.previous_row ORDER BY seq DESC LIMIT 1) AS source ON true
LEFT JOIN LATERAL (SELECT row_id FROM account.links AS l WHERE l.team_id = t.team_id ORDER BY seq DESC LIMIT 1) AS linked ON true
ORDER BY t.team_id`

// compare compares the teams with LiteLLM's account. Lost is what LiteLLM wrote
// and nobody but the daemon can have overwritten; wrong is what groups grant
// and is missing, or is there and granted by nobody.
func (i *injection) compare(t *testing.T, db *pgtest.Database, l *litellm) {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), accountSQL)
	if err != nil {
		t.Fatal(err)
	}
	var team, row, source, linked string
	var servers, stores, wantDirect, wantStores, union []string
	empty := cmpopts.EquateEmpty()
	_, err = pgx.ForEachRow(rows, []any{&team, &row, &servers, &stores, &source, &linked, &wantDirect, &wantStores, &union}, func() error {
		if linked != "" && linked != row && linked != source {
			i.lose(t, "team %s was linked to row %s last and has %s, which is no copy of it", team, linked, row)
		}
		if diff := cmp.Diff(wantDirect, onlyDirect(servers), empty); diff != "" {
			i.lose(t, "servers of administrators in team %s, row %s (copied from %q, -written last +there):\n%s", team, row, source, diff)
		}
		if diff := cmp.Diff(wantStores, stores, empty); diff != "" {
			i.lose(t, "another column of team %s, row %s (-written last +there):\n%s", team, row, diff)
		}
		granted := slices.DeleteFunc(slices.Clone(servers), isDirect)
		slices.Sort(granted)
		if diff := cmp.Diff(union, granted, empty); diff != "" {
			i.mistake(t, "team %s, row %s (-granted +there):\n%s\n%s", team, row, diff, history(t, db, team, row))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range l.lost {
		i.lose(t, "%s", text)
	}
	i.measure("%d changes by the daemon", pgtest.Scalar[int](t, db, `SELECT count(*) FROM litellm_reconciler.changes`))
}

// wantNobodyWaiting checks that no lock is left, and counts what LiteLLM noticed
// of the daemon.
func (i *injection) wantNobodyWaiting(t *testing.T, db *pgtest.Database, l *litellm) {
	t.Helper()
	if n := pgtest.Scalar[int](t, db, `SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
		WHERE d.datname = current_database() AND (NOT l.granted OR l.locktype = 'advisory')`); n > 0 {
		i.mistake(t, "%d locks are left", n)
	}
	if n := pgtest.Scalar[int](t, db, `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND state LIKE 'idle in transaction%'`); n > 0 {
		i.mistake(t, "%d transactions are left open", n)
	}
	for code, n := range l.codes {
		i.mistake(t, "%d writes of LiteLLM failed with %s", n, code)
	}
	i.measure("%d deadlocks", pgtest.Scalar[int](t, db, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`))
	var spent float64
	if err := l.pool.QueryRow(t.Context(), `SELECT spend FROM "LiteLLM_TeamTable" WHERE team_id = $1`, l.teams[0]).Scan(&spent); err != nil {
		t.Fatal(err)
	}
	if least := l.spends.Load(); int64(spent) < least {
		i.lose(t, "of %d counted costs %d", least, least-int64(spent))
	}
}

// history is what became of a team and its row lately, latest first.
func history(t *testing.T, db *pgtest.Database, team, row string) string {
	t.Helper()
	return pgtest.Scalar[string](t, db, `
		WITH own AS (SELECT $2::text AS row_id UNION SELECT row_id FROM account.links WHERE team_id = $1
		             UNION SELECT object_permission_id FROM litellm_reconciler.changes WHERE team_id = $1),
		events (at, what) AS (
			SELECT at, format('LiteLLM writes row %s: %s', row_id, servers) FROM account.rows WHERE row_id IN (SELECT row_id FROM own)
			UNION ALL
			SELECT at, format('LiteLLM links row %s', row_id) FROM account.links WHERE team_id = $1
			UNION ALL
			SELECT changed_at, format('begun then: %s row %s: %s to %s', action, object_permission_id, before, after)
			FROM litellm_reconciler.changes WHERE team_id = $1
			UNION ALL
			SELECT updated_at, format('begun then: owned in row %s are %s, revoked %s at %s', object_permission_id, servers, revoked, revoked_at)
			FROM litellm_reconciler.grants WHERE team_id = $1)
		SELECT string_agg(at::time || ' ' || what, E'\n' ORDER BY at DESC) FROM (SELECT * FROM events ORDER BY at DESC LIMIT 25) AS latest`, team, row)
}

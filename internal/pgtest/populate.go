package pgtest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// PopulateOptions says how much to generate. The same options generate the same ids and arrays.
type PopulateOptions struct {
	Teams, Groups, Servers int

	ServersPerGroup int // at most Servers
	GroupsPerTeam   int // at most Groups

	// Popular, unless it is 0, has every so many-th team have the first group in place of its first one.
	Popular int

	// Missing teams, the first ones, have no permission row. The Stale teams after them have one that lacks the last
	// server it should grant. The rows of all others are in sync: the sorted union of what their groups grant.
	Missing, Stale int
}

// Populate fills LiteLLM's tables with a large installation. Ids are UUIDs made from a number, so that they come in no
// particular order, as LiteLLM's do.
func Populate(ctx context.Context, pool *pgxpool.Pool, schema string, o PopulateOptions) error {
	if o.ServersPerGroup > o.Servers || o.GroupsPerTeam > o.Groups {
		return fmt.Errorf("populating LiteLLM's tables: more servers a group or groups a team than there are in %+v", o)
	}
	steps := []struct {
		sql  string
		args []any
	}{
		{"SET LOCAL jit = off", nil}, // compiling these takes longer than it saves
		{populateServers, []any{o.Servers}},
		{populateDraft, []any{o.Teams, o.Groups, o.GroupsPerTeam, o.Popular}},
		{populateGroups, []any{o.Groups, o.Servers, o.ServersPerGroup}},
		{populateRows, []any{o.Missing, o.Missing + o.Stale}},
		{populateTeams, []any{o.Missing}},
	}
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		for _, step := range steps {
			if _, err := tx.Exec(ctx, inSchema(step.sql, schema), step.args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("populating LiteLLM's tables: %w", err)
	}
	for _, table := range []string{"LiteLLM_MCPServerTable", "LiteLLM_AccessGroupTable", "LiteLLM_ObjectPermissionTable", "LiteLLM_TeamTable"} {
		if _, err := pool.Exec(ctx, "VACUUM (ANALYZE) "+quote(schema, table)); err != nil {
			return fmt.Errorf("gathering statistics of %s: %w", table, err)
		}
	}
	return nil
}

const populateServers = `
INSERT INTO {schema}."LiteLLM_MCPServerTable" (server_id, server_name, alias, url, transport)
SELECT md5('server ' || n)::uuid::text, 'server_' || n, 'server_' || n, 'https://mcp-' || n || '.example/mcp', 'http'
FROM generate_series(1, $1::int) AS n`

// The groups are cut into as many bands as a team has groups, and a team has one of each: a different combination for
// every team, up to the square of a band's size.
const populateDraft = `
CREATE TEMPORARY TABLE draft ON COMMIT DROP AS
SELECT n, md5('team ' || n)::uuid::text AS team_id, md5('row ' || n)::uuid::text AS row_id,
    ARRAY(SELECT md5('group ' || 1 + k * band + CASE WHEN k = 0 AND n % nullif($4::int, 0) = 0 THEN 0 ELSE (n + k * (n / band)) % band END)::uuid::text
          FROM generate_series(0, $3::int - 1) AS k) AS groups
FROM generate_series(1, $1::int) AS n
CROSS JOIN (SELECT greatest($2::int / greatest($3::int, 1), 1) AS band) AS bands`

// A group shares about half of its servers with the next group.
const populateGroups = `
INSERT INTO {schema}."LiteLLM_AccessGroupTable"
    (access_group_id, access_group_name, description, access_mcp_server_ids, assigned_team_ids, created_by, updated_by)
SELECT id, 'group ' || n, 'Tools of department ' || n,
    ARRAY(SELECT md5('server ' || 1 + (n * (($3::int + 1) / 2) + k) % $2::int)::uuid::text
          FROM generate_series(0, $3::int - 1) AS k),
    coalesce(assigned.teams, '{}'), 'admin', 'admin'
FROM generate_series(1, $1::int) AS n
CROSS JOIN LATERAL (SELECT md5('group ' || n)::uuid::text AS id) AS ids
LEFT JOIN (
    SELECT group_id, array_agg(team_id ORDER BY n) AS teams FROM draft, unnest(groups) AS group_id GROUP BY group_id
) AS assigned ON assigned.group_id = ids.id`

// Teams may have the same groups, so the union is taken once for all of them; materialised, as Postgres would otherwise
// take it for each team.
const populateRows = `
WITH unions AS MATERIALIZED (
    SELECT groups, ARRAY(
        SELECT DISTINCT server COLLATE "C" AS server
        FROM {schema}."LiteLLM_AccessGroupTable", unnest(access_mcp_server_ids) AS server
        WHERE access_group_id = ANY (groups) ORDER BY server) AS servers
    FROM (SELECT DISTINCT groups FROM draft WHERE n > $1::int) AS combinations
)
INSERT INTO {schema}."LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers)
SELECT row_id, CASE WHEN n <= $2::int THEN servers[:cardinality(servers) - 1] ELSE servers END
FROM draft JOIN unions USING (groups)
WHERE n > $1::int`

const populateTeams = `
INSERT INTO {schema}."LiteLLM_TeamTable"
    (team_id, team_alias, object_permission_id, access_group_ids, admins, members, members_with_roles, metadata,
     max_budget, spend, models, tpm_limit, rpm_limit, budget_duration)
SELECT team_id, 'team ' || n, CASE WHEN n > $1::int THEN row_id END, groups, '{}',
    ARRAY(SELECT md5('user ' || n * 3 + m)::uuid::text FROM generate_series(0, n % 5) AS m),
    (SELECT jsonb_agg(jsonb_build_object('role', CASE WHEN m = 0 THEN 'admin' ELSE 'user' END,
        'user_id', md5('user ' || n * 3 + m)::uuid::text, 'user_email', 'user' || n * 3 + m || '@example.com'))
     FROM generate_series(0, n % 5) AS m),
    jsonb_build_object('cost_center', 'CC-' || n % 97, 'contact', 'team-' || n || '@example.com',
        'guardrails', jsonb_build_array('pii'), 'model_rpm_limit', jsonb_build_object('gpt-5', n % 1000)),
    100 + n % 900, n % 100 / 7.0, ARRAY['gpt-5', 'gpt-5-mini'], 100000, 1000, '30d'
FROM draft`

-- Teams that are most likely to get a row: locked as the update of their link
-- will lock them, and read as they are then, with their groups. A group that is
-- newer than the statement looks dangling, which costs a team without a row
-- nothing but the wait for the next pass.
WITH teams AS MATERIALIZED (
    SELECT team_id, object_permission_id, access_group_ids
    FROM {litellm}."LiteLLM_TeamTable"
    WHERE team_id = ANY ($1)
    ORDER BY team_id
    FOR NO KEY UPDATE SKIP LOCKED
)
SELECT true AS is_team, t.team_id AS id, t.object_permission_id, false AS row_exists, t.access_group_ids AS list
FROM teams AS t
UNION ALL
SELECT false, g.access_group_id, NULL, false, g.access_mcp_server_ids
FROM {litellm}."LiteLLM_AccessGroupTable" AS g
WHERE g.access_group_id IN (SELECT unnest(t.access_group_ids) FROM teams AS t WHERE t.object_permission_id IS NULL)

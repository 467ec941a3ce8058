-- The teams and their groups in one statement, and so in one snapshot: read
-- apart, a group that replaced another in between would look dangling, and
-- its servers would be taken out.
WITH teams AS MATERIALIZED (
    SELECT team_id, object_permission_id, access_group_ids
    FROM {litellm}."LiteLLM_TeamTable"
    WHERE team_id = ANY ($1)
)
SELECT true AS is_team, t.team_id AS id, t.object_permission_id,
       EXISTS (SELECT FROM {litellm}."LiteLLM_ObjectPermissionTable" AS p
               WHERE p.object_permission_id = t.object_permission_id) AS row_exists,
       t.access_group_ids AS list
FROM teams AS t
UNION ALL
SELECT false, g.access_group_id, NULL, false, g.access_mcp_server_ids
FROM {litellm}."LiteLLM_AccessGroupTable" AS g
WHERE g.access_group_id IN (SELECT unnest(t.access_group_ids) FROM teams AS t)

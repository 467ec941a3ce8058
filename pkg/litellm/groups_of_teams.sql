-- The access groups that the teams in $1 name, without the teams that they
-- believe to serve.
SELECT g.access_group_id, g.access_mcp_server_ids, '{}'::text[]
FROM {litellm}."LiteLLM_AccessGroupTable" AS g
WHERE g.access_group_id = ANY (ARRAY(
    SELECT DISTINCT unnest(t.access_group_ids)
    FROM {litellm}."LiteLLM_TeamTable" AS t
    WHERE t.team_id = ANY ($1)))

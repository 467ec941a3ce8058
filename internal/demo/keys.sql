-- What LiteLLM before v1.88 lets a key use (user_api_key_auth_mcp.py): an empty list does not restrict, so that a key
-- has its own list, that of its team, or what both have in common.
SELECT key_alias, coalesce(team_id, '-'), own,
       CASE WHEN own = '{}' THEN team
            WHEN team = '{}' THEN own
            ELSE ARRAY(SELECT server FROM unnest(own) AS server WHERE server = ANY (team)) END
FROM (
    SELECT key_alias, team_id, coalesce(key_row.mcp_servers, '{}') AS own, coalesce(team_row.mcp_servers, '{}') AS team
    FROM "LiteLLM_VerificationToken" AS key
    LEFT JOIN "LiteLLM_TeamTable" AS team USING (team_id)
    LEFT JOIN "LiteLLM_ObjectPermissionTable" AS key_row ON key_row.object_permission_id = key.object_permission_id
    LEFT JOIN "LiteLLM_ObjectPermissionTable" AS team_row ON team_row.object_permission_id = team.object_permission_id
) AS lists
ORDER BY key_alias

-- The permission row of a team, as LiteLLM before v1.88 reads it: access groups do not come into it. NULL is empty.
SELECT team_id, coalesce(object_permission_id, 'NULL'), coalesce(mcp_servers, '{}')
FROM "LiteLLM_TeamTable" LEFT JOIN "LiteLLM_ObjectPermissionTable" USING (object_permission_id)
WHERE team_id NOT LIKE 'team-%'
ORDER BY array_position(ARRAY['users-local', 'research', 'support', 'admins'], team_id)

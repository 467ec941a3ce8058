-- The rows of these teams, locked as an update will lock them: LiteLLM's own
-- read-merge-upsert waits for the few milliseconds, its readers do not.
SELECT p.object_permission_id,
       p.mcp_servers,
       coalesce(cardinality(p.mcp_access_groups), 0) > 0
           OR coalesce(p.mcp_tool_permissions, '{}') NOT IN ('{}'::jsonb, 'null'::jsonb)
FROM {litellm}."LiteLLM_ObjectPermissionTable" AS p
WHERE p.object_permission_id IN (
    SELECT t.object_permission_id FROM {litellm}."LiteLLM_TeamTable" AS t WHERE t.team_id = ANY ($1))
ORDER BY p.object_permission_id
FOR NO KEY UPDATE OF p SKIP LOCKED

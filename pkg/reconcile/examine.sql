-- Everything about teams that their fingerprints did not clear.
SELECT t.team_id,
       ARRAY(SELECT g FROM unnest(t.access_group_ids) AS g WHERE g <> ''),
       p.object_permission_id,
       CASE WHEN p.mcp_servers IS NOT NULL
            THEN ARRAY(SELECT s FROM unnest(p.mcp_servers) AS s WHERE s IS NOT NULL) END,
       coalesce(cardinality(p.mcp_access_groups), 0) > 0
           OR coalesce(p.mcp_tool_permissions, '{}') NOT IN ('{}'::jsonb, 'null'::jsonb),
       g.team_id IS NOT NULL,
       g.servers
FROM {litellm}."LiteLLM_TeamTable" AS t
LEFT JOIN {litellm}."LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)
LEFT JOIN {grants} AS g ON g.team_id = t.team_id
WHERE t.team_id = ANY ($1)

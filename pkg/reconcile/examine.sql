-- Everything about teams that their fingerprints did not clear.
SELECT t.team_id,
       t.access_group_ids,
       p.object_permission_id,
       p.mcp_servers,
       coalesce(cardinality(p.mcp_access_groups), 0) > 0
           OR coalesce(p.mcp_tool_permissions, '{}') NOT IN ('{}'::jsonb, 'null'::jsonb),
       g.team_id IS NOT NULL,
       coalesce(g.object_permission_id = t.object_permission_id, false),
       CASE WHEN g.object_permission_id = t.object_permission_id THEN g.servers
            ELSE ARRAY(SELECT jsonb_array_elements_text(g.former -> t.object_permission_id -> 'servers')) END,
       CASE WHEN g.object_permission_id = t.object_permission_id AND g.revoked_at > now() - interval '1 hour' THEN g.revoked END
FROM {litellm}."LiteLLM_TeamTable" AS t
LEFT JOIN {litellm}."LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)
LEFT JOIN {grants} AS g ON g.team_id = t.team_id
WHERE t.team_id = ANY ($1)

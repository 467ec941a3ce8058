-- The teams that drifted: a group grants what the row lacks, or the row may hold
-- what was granted and no group grants any more. Of six ways to write it this
-- took the least: the union once a team and unsorted, and no hash table that
-- spills. Joining to pairs of team and server takes as long again.
BEGIN READ ONLY;
SET LOCAL jit = off;
SET LOCAL work_mem = '256MB';
SELECT t.team_id
FROM "LiteLLM_TeamTable" AS t
LEFT JOIN "LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)
LEFT JOIN by_hand.owned AS o ON o.team_id = t.team_id AND o.object_permission_id = t.object_permission_id
CROSS JOIN LATERAL (
    SELECT ARRAY(SELECT unnest(g.access_mcp_server_ids) FROM "LiteLLM_AccessGroupTable" AS g
                 WHERE g.access_group_id = ANY (t.access_group_ids)) AS servers
    OFFSET 0 -- or it is taken twice
) AS u
WHERE (NOT u.servers <@ coalesce(p.mcp_servers, '{}') OR NOT o.servers <@ u.servers)
  AND NOT 'all-proxy-mcpservers' = ANY (coalesce(p.mcp_servers, '{}'));
COMMIT;

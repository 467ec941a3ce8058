-- What the ledger owns of these teams' rows, the rows as they are, and what a
-- revert has to know about them. $2 narrows it down to what one run granted
-- and no later one granted again. $3 looks ahead, to when everything else that
-- is owned was taken out; without it, a row that something is owned of is none
-- to go back to, as it would be written after the two were found the same.
SELECT g.team_id,
       coalesce(t.team_alias, ''),
       coalesce(p.object_permission_id, ''),
       g.object_permission_id,
       ARRAY(SELECT s FROM unnest(p.mcp_servers) AS s WHERE s IS NOT NULL),
       coalesce(cardinality(p.mcp_access_groups), 0) > 0
           OR coalesce(p.mcp_tool_permissions, '{}') NOT IN ('{}'::jsonb, 'null'::jsonb),
       g.servers,
       CASE WHEN g.revoked_at > now() - interval '1 hour' THEN g.revoked ELSE '{}' END,
       coalesce(g.revoked_at > now() - interval '1 minute', false),
       g.row_created,
       NOT EXISTS (SELECT FROM jsonb_each(beside.columns) AS c
                   WHERE c.value NOT IN ('null'::jsonb, '[]'::jsonb, '{}'::jsonb, '0'::jsonb)),
       copied.previous_row IS NOT NULL,
       coalesce(source.object_permission_id, ''),
       ARRAY(SELECT s FROM unnest(source.mcp_servers) AS s
             WHERE s IS NOT NULL
               AND NOT EXISTS (SELECT FROM {ledger}.grants AS o
                               WHERE o.object_permission_id = source.object_permission_id AND s = ANY (o.servers))),
       coalesce(granted.servers, '{}'),
       coalesce(granted.adopted, false)
FROM {ledger}.grants AS g
LEFT JOIN {litellm}."LiteLLM_TeamTable" AS t ON t.team_id = g.team_id
LEFT JOIN {litellm}."LiteLLM_ObjectPermissionTable" AS p ON p.object_permission_id = t.object_permission_id
-- Only a row of ours can be given up; a column nobody knew here counts too.
LEFT JOIN LATERAL (SELECT to_jsonb(p) - 'object_permission_id' - 'mcp_servers' AS columns) AS beside ON g.row_created
LEFT JOIN LATERAL (
    SELECT c.previous_row FROM {ledger}.changes AS c
    WHERE c.team_id = g.team_id AND c.object_permission_id = g.object_permission_id AND c.action = 'copied'
    ORDER BY c.change_id + 0 DESC LIMIT 1 -- by the team's index, never through the whole log
) AS copied ON g.row_created
LEFT JOIN {litellm}."LiteLLM_ObjectPermissionTable" AS source
    ON source.object_permission_id = copied.previous_row
   AND to_jsonb(source) - 'object_permission_id' - 'mcp_servers' = beside.columns
   AND ($3 OR NOT EXISTS (SELECT FROM {ledger}.grants AS o
                          WHERE o.object_permission_id = source.object_permission_id AND o.servers <> '{}'))
LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT c.after[n.position::integer]) AS servers, bool_and(c.action = 'adopted') AS adopted
    FROM {ledger}.changes AS c
    CROSS JOIN LATERAL jsonb_each(c.granted_by::jsonb) AS b (group_id, positions)
    CROSS JOIN LATERAL jsonb_array_elements_text(b.positions) AS n (position)
    WHERE c.team_id = g.team_id AND c.run_id = $2 AND c.action <> 'disowned'
      AND NOT EXISTS (
          SELECT FROM {ledger}.changes AS later
          CROSS JOIN LATERAL jsonb_each(later.granted_by::jsonb) AS lb (group_id, positions)
          CROSS JOIN LATERAL jsonb_array_elements_text(lb.positions) AS ln (position)
          WHERE later.team_id = c.team_id AND later.change_id > c.change_id AND later.action <> 'disowned'
            AND later.after[ln.position::integer] = c.after[n.position::integer])
) AS granted ON $2::uuid IS NOT NULL
WHERE g.team_id = ANY ($1)
ORDER BY g.team_id

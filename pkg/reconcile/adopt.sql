-- Teams with access groups and a row, and what the ledger owns of it: all of
-- the selected ones, or the one in $4.
SELECT t.team_id,
       coalesce(t.team_alias, ''),
       p.object_permission_id,
       ARRAY(SELECT g FROM unnest(t.access_group_ids) AS g WHERE g <> ''),
       ARRAY(SELECT s FROM unnest(p.mcp_servers) AS s WHERE s IS NOT NULL),
       coalesce(g.servers, '{}')
FROM {litellm}."LiteLLM_TeamTable" AS t
JOIN {litellm}."LiteLLM_ObjectPermissionTable" AS p ON p.object_permission_id = t.object_permission_id
LEFT JOIN {ledger}.grants AS g
    ON g.team_id = t.team_id AND g.object_permission_id = t.object_permission_id
WHERE cardinality(t.access_group_ids) > 0
  AND ($1::text[] IS NULL OR t.team_id = ANY ($1) OR t.team_alias = ANY ($1))
  AND ($2::text[] IS NULL OR NOT (t.team_id = ANY ($2) OR coalesce(t.team_alias = ANY ($2), false)))
  AND ($3::text[] IS NULL OR t.organization_id = ANY ($3))
  AND ($4::text IS NULL OR t.team_id = $4)
ORDER BY t.team_id

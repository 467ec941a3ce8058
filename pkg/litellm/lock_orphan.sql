-- A row that holds nothing, or beside its servers only what the row $2 that it
-- was copied from holds too; locked, so that nobody can come to point at it.
SELECT p.object_permission_id
FROM {litellm}."LiteLLM_ObjectPermissionTable" AS p
CROSS JOIN LATERAL (SELECT to_jsonb(p) - 'object_permission_id' - 'mcp_servers' AS columns) AS beside
WHERE p.object_permission_id = $1
  AND coalesce(cardinality(p.mcp_servers), 0) = 0
  AND (NOT EXISTS (SELECT FROM jsonb_each(beside.columns) AS c
                   WHERE c.value NOT IN ('null'::jsonb, '[]'::jsonb, '{}'::jsonb, '0'::jsonb))
       OR EXISTS (SELECT FROM {litellm}."LiteLLM_ObjectPermissionTable" AS source
                  WHERE source.object_permission_id = $2
                    AND to_jsonb(source) - 'object_permission_id' - 'mcp_servers' = beside.columns))
FOR UPDATE OF p SKIP LOCKED

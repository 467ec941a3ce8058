-- {owners} is a UNION ALL over every table that can point at a permission row.
UPDATE {litellm}."LiteLLM_ObjectPermissionTable" AS p
SET mcp_servers = '{}'
WHERE p.object_permission_id = ANY ($1)
  AND p.mcp_servers <> '{}'
  AND NOT EXISTS (SELECT FROM ({owners}) AS o WHERE o.object_permission_id = p.object_permission_id)

-- {columns} are all columns but the two named ones, whatever LiteLLM's version has.
INSERT INTO {litellm}."LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers{columns})
SELECT n.id, n.servers::text[]{source_columns}
FROM unnest($1::text[], $2::text[], $3::text[]) AS n (id, servers, source)
JOIN {litellm}."LiteLLM_ObjectPermissionTable" AS p ON p.object_permission_id = n.source

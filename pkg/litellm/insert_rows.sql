INSERT INTO {litellm}."LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers)
SELECT n.id, n.servers::text[]
FROM unnest($1::text[], $2::text[]) AS n (id, servers)

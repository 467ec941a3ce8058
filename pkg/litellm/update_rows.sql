-- Compare and set: the row must still hold what the plan was made from.
UPDATE {litellm}."LiteLLM_ObjectPermissionTable" AS p
SET mcp_servers = n.after::text[]
FROM unnest($1::text[], $2::text[], $3::text[]) AS n (id, before, after)
WHERE p.object_permission_id = n.id
  AND ARRAY(SELECT s FROM unnest(p.mcp_servers) AS s WHERE s IS NOT NULL) = n.before::text[]

(SELECT p.object_permission_id,
        ARRAY(SELECT s FROM unnest(p.mcp_servers) AS s WHERE s IS NOT NULL) AS servers,
        ARRAY(SELECT g FROM unnest(p.mcp_access_groups) AS g WHERE g IS NOT NULL) AS tags,
        CASE WHEN jsonb_typeof(p.mcp_tool_permissions) = 'object'
             THEN ARRAY(SELECT jsonb_object_keys(p.mcp_tool_permissions)) ELSE '{}' END AS tools
 FROM {litellm}."LiteLLM_ObjectPermissionTable" AS p)

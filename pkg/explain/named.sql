-- Whether any access group or permission row names $1, as servers of LiteLLM's
-- config file are known by nothing else.
SELECT EXISTS (SELECT FROM {litellm}."LiteLLM_AccessGroupTable" AS g WHERE $1 = ANY (g.access_mcp_server_ids))
    OR EXISTS (SELECT FROM {litellm}."LiteLLM_ObjectPermissionTable" AS p
               WHERE $1 = ANY (p.mcp_servers)
                  OR (jsonb_typeof(p.mcp_tool_permissions) = 'object' AND p.mcp_tool_permissions ? $1))

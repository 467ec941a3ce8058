SELECT server_id, coalesce(server_name, ''), coalesce(alias, ''),
       ARRAY(SELECT g FROM unnest(mcp_access_groups) AS g WHERE g <> ''),
       allow_all_keys, NOT {active}
FROM {litellm}."LiteLLM_MCPServerTable"

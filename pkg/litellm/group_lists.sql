SELECT access_group_id, access_group_name, ARRAY(SELECT s FROM unnest(access_mcp_server_ids) AS s WHERE s IS NOT NULL)
FROM {litellm}."LiteLLM_AccessGroupTable"

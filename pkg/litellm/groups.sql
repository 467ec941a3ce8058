-- All access groups: what they grant, and the teams they believe to serve.
SELECT access_group_id, access_mcp_server_ids, assigned_team_ids
FROM {litellm}."LiteLLM_AccessGroupTable"

SELECT team_id, object_permission_id
FROM {litellm}."LiteLLM_TeamTable"
WHERE object_permission_id IS NOT NULL

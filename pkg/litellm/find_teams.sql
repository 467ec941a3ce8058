SELECT team_id
FROM {litellm}."LiteLLM_TeamTable"
WHERE team_id = $1 OR team_alias = $1
ORDER BY team_id

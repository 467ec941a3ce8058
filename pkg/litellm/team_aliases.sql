SELECT team_id, team_alias
FROM {litellm}."LiteLLM_TeamTable"
WHERE team_id = ANY ($1)
  AND team_alias <> ''

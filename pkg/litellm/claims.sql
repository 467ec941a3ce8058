-- Access groups with a team on their own list, which grants nothing.
SELECT access_group_id
FROM {litellm}."LiteLLM_AccessGroupTable"
WHERE $1 = ANY (assigned_team_ids)
ORDER BY access_group_id COLLATE "C"

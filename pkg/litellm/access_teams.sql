-- Teams by id, and with $2 by alias, with all that they give their keys.
SELECT t.team_id, coalesce(t.team_alias, ''), t.blocked, t.object_permission_id, e.object_permission_id IS NOT NULL,
       e.servers, e.tags, e.tools,
       ARRAY(SELECT g FROM unnest(t.access_group_ids) AS g WHERE g <> '')
FROM {litellm}."LiteLLM_TeamTable" AS t
LEFT JOIN {entitlements} AS e ON e.object_permission_id = t.object_permission_id
WHERE t.team_id = ANY ($1) OR $2 AND t.team_alias = ANY ($1)
ORDER BY t.team_id COLLATE "C"

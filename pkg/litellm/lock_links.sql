-- Teams about to get another row: locked as the update will lock them, and
-- only those that still point where they did.
SELECT t.team_id
FROM {litellm}."LiteLLM_TeamTable" AS t
JOIN unnest($1::text[], $2::text[]) AS n (team_id, old_row) USING (team_id)
WHERE t.object_permission_id IS NOT DISTINCT FROM n.old_row
ORDER BY t.team_id
FOR NO KEY UPDATE OF t SKIP LOCKED

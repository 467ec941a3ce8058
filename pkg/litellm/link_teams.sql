-- Compare and set: the team must still point where it did.
UPDATE {litellm}."LiteLLM_TeamTable" AS t
SET object_permission_id = n.new_row
FROM unnest($1::text[], $2::text[], $3::text[]) AS n (team_id, old_row, new_row)
WHERE t.team_id = n.team_id
  AND t.object_permission_id IS NOT DISTINCT FROM n.old_row

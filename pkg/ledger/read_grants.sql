-- A grant is about one row. For a team that is back at one that it had before it
-- is what was owned there when the team left. LiteLLM writes a row back under
-- the id that it read it under (handle_update_object_permission_common).
SELECT g.team_id,
       coalesce(back.row_id, g.object_permission_id),
       CASE WHEN back.row_id IS NULL THEN g.servers ELSE ARRAY(SELECT jsonb_array_elements_text(back.owned -> 'servers')) END,
       CASE WHEN back.row_id IS NULL THEN g.row_created ELSE (back.owned ->> 'created')::boolean END,
       CASE WHEN back.row_id IS NULL AND g.revoked_at > now() - interval '1 hour' THEN g.revoked ELSE '{}' END,
       coalesce(g.revoked_at > now() - interval '1 minute', false)
FROM {ledger}.grants AS g
LEFT JOIN LATERAL (
    SELECT t.object_permission_id AS row_id, g.former -> t.object_permission_id AS owned
    FROM {litellm}."LiteLLM_TeamTable" AS t
    WHERE t.team_id = g.team_id AND t.object_permission_id <> g.object_permission_id
      AND g.former -> t.object_permission_id IS NOT NULL
) AS back ON g.former <> '{}'
WHERE g.team_id = ANY ($1)

-- What these teams name by now. A team without groups gets nothing, so it is not
-- kept. No group has an id that is longer than an index can hold, but a team may
-- name anything, and would keep all others from being read.
WITH named AS (
    SELECT team_id, object_permission_id,
           ARRAY(SELECT id FROM unnest(access_group_ids) AS id WHERE octet_length(id) <= 2000) AS groups
    FROM {litellm}."LiteLLM_TeamTable"
    WHERE team_id = ANY ($1)
      AND cardinality(access_group_ids) > 0
), gone AS (
    DELETE FROM {ledger}.teams AS k
    WHERE k.team_id = ANY ($1)
      AND NOT EXISTS (SELECT FROM {litellm}."LiteLLM_TeamTable" AS t
                      WHERE t.team_id = k.team_id AND cardinality(t.access_group_ids) > 0)
)
INSERT INTO {ledger}.teams (team_id, object_permission_id, groups)
SELECT t.team_id, t.object_permission_id, t.groups
FROM named AS t
LEFT JOIN {ledger}.teams AS k USING (team_id)
WHERE k.team_id IS NULL OR (t.object_permission_id, t.groups) IS DISTINCT FROM (k.object_permission_id, k.groups)
ON CONFLICT (team_id) DO UPDATE
SET object_permission_id = excluded.object_permission_id, groups = excluded.groups

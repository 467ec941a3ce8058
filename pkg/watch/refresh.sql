-- What these teams name by now. A team without groups gets nothing, so it is not
-- kept.
WITH gone AS (
    DELETE FROM {ledger}.teams AS k
    WHERE k.team_id = ANY ($1)
      AND NOT EXISTS (SELECT FROM {litellm}."LiteLLM_TeamTable" AS t
                      WHERE t.team_id = k.team_id AND cardinality(t.access_group_ids) > 0)
)
INSERT INTO {ledger}.teams (team_id, object_permission_id, groups)
SELECT t.team_id, t.object_permission_id, t.access_group_ids
FROM {litellm}."LiteLLM_TeamTable" AS t
LEFT JOIN {ledger}.teams AS k USING (team_id)
WHERE t.team_id = ANY ($1)
  AND cardinality(t.access_group_ids) > 0
  AND (k.team_id IS NULL OR (t.object_permission_id, t.access_group_ids) IS DISTINCT FROM (k.object_permission_id, k.groups))
ON CONFLICT (team_id) DO UPDATE
SET object_permission_id = excluded.object_permission_id, groups = excluded.groups

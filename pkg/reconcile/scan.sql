-- One line a team that has access groups or ledger entries: enough to see
-- whether it is in sync without shipping a list of servers. COALESCE keeps the
-- hashing below the joins, so that hash tables hold numbers and not lists. The
-- first condition narrows it down to some teams, or is not there.
SELECT t.team_id,
       t.access_group_ids,
       p.fingerprint,
       g.union_hash,
       g.owning,
       g.row_hash = p.fingerprint AND g.policy = $1 AND g.object_permission_id = t.object_permission_id
           AND g.revoked_at IS NOT DISTINCT FROM g.revoked_lately AS settled
FROM {litellm}."LiteLLM_TeamTable" AS t
LEFT JOIN (
    SELECT object_permission_id, coalesce(hash_array_extended(mcp_servers, 0), 1) AS fingerprint
    FROM {litellm}."LiteLLM_ObjectPermissionTable"
) AS p USING (object_permission_id)
LEFT JOIN (
    SELECT team_id, object_permission_id, union_hash, row_hash, policy,
           coalesce(cardinality(servers), 0) > 0 AS owning, revoked_at,
           CASE WHEN revoked_at > now() - interval '1 minute' THEN revoked_at END AS revoked_lately
    FROM {grants} AS grants
) AS g ON g.team_id = t.team_id
WHERE {some}
  (cardinality(t.access_group_ids) > 0 OR g.team_id IS NOT NULL)
  AND ($2::text[] IS NULL OR t.team_id = ANY ($2) OR t.team_alias = ANY ($2))
  AND ($3::text[] IS NULL OR NOT (t.team_id = ANY ($3) OR coalesce(t.team_alias = ANY ($3), false)))
  AND ($4::text[] IS NULL OR t.organization_id = ANY ($4))

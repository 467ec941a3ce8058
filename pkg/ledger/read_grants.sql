SELECT team_id, object_permission_id, servers, row_created,
       revoked, coalesce(revoked_at > now() - interval '1 minute', false)
FROM {ledger}.grants
WHERE team_id = ANY ($1)

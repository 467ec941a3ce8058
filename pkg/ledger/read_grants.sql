SELECT team_id, object_permission_id, servers, row_created,
       CASE WHEN revoked_at > now() - interval '1 hour' THEN revoked ELSE '{}' END,
       coalesce(revoked_at > now() - interval '1 minute', false),
       nullif(former, '{}')
FROM {ledger}.grants
WHERE team_id = ANY ($1)

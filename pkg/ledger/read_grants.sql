SELECT team_id, object_permission_id, servers, row_created, policy, union_hash, row_hash
FROM {ledger}.grants
WHERE team_id = ANY ($1)

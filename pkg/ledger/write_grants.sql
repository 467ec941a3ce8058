INSERT INTO {ledger}.grants AS g
    (team_id, object_permission_id, servers, row_created, policy, union_hash, row_hash, run_id, updated_at)
SELECT n.team_id, n.row_id, n.owned::text[], n.created, n.policy,
       hash_array_extended(n.granted::text[], 0), hash_array_extended(n.after::text[], 0), $8, now()
FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[])
    AS n (team_id, row_id, owned, created, policy, granted, after)
ON CONFLICT (team_id) DO UPDATE
SET object_permission_id = excluded.object_permission_id,
    servers = excluded.servers,
    row_created = excluded.row_created,
    policy = excluded.policy,
    union_hash = excluded.union_hash,
    row_hash = excluded.row_hash,
    run_id = excluded.run_id,
    updated_at = excluded.updated_at

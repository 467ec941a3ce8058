-- granted and after are NULL where they equal owned, as they do for a new row:
-- each list is sent and parsed once.
WITH n AS MATERIALIZED (
    SELECT team_id, row_id, created, policy,
           owned::text[] AS owned, granted::text[] AS granted, after::text[] AS after
    FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[])
        AS u (team_id, row_id, owned, created, policy, granted, after)
)
INSERT INTO {ledger}.grants AS g
    (team_id, object_permission_id, servers, row_created, policy, union_hash, row_hash, run_id, updated_at)
SELECT n.team_id, n.row_id, n.owned, n.created, n.policy,
       hash_array_extended(coalesce(n.granted, n.owned), 0), hash_array_extended(coalesce(n.after, n.owned), 0), $8, now()
FROM n
ON CONFLICT (team_id) DO UPDATE
SET object_permission_id = excluded.object_permission_id,
    servers = excluded.servers,
    row_created = excluded.row_created,
    policy = excluded.policy,
    union_hash = excluded.union_hash,
    row_hash = excluded.row_hash,
    run_id = excluded.run_id,
    updated_at = excluded.updated_at

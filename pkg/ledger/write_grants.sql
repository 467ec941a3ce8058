-- granted is NULL where it equals owned, as it does for a new row: each list is
-- sent and parsed once. The row's own hash is taken as it stands by now. What
-- was owned in a row that the team leaves is kept for when it comes back.
WITH n AS MATERIALIZED (
    SELECT team_id, row_id, created, policy, owned::text[] AS owned, granted::text[] AS granted,
           coalesce(revoked::text[], '{}') AS revoked, revoked_now
    FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[], $8::boolean[])
        AS u (team_id, row_id, owned, created, policy, granted, revoked, revoked_now)
)
INSERT INTO {ledger}.grants AS g
    (team_id, object_permission_id, servers, row_created, policy, union_hash, row_hash,
     revoked, revoked_at, run_id, updated_at)
SELECT n.team_id, n.row_id, n.owned, n.created, n.policy,
       pg_catalog.hash_array_extended(coalesce(n.granted, n.owned), 0),
       coalesce(pg_catalog.hash_array_extended(p.mcp_servers, 0), 1),
       n.revoked, CASE WHEN n.revoked_now THEN now() END, $9, now()
FROM n
LEFT JOIN {litellm}."LiteLLM_ObjectPermissionTable" AS p ON p.object_permission_id = n.row_id
ON CONFLICT (team_id) DO UPDATE
SET object_permission_id = excluded.object_permission_id,
    servers = excluded.servers,
    row_created = excluded.row_created,
    policy = excluded.policy,
    union_hash = excluded.union_hash,
    row_hash = excluded.row_hash,
    revoked = excluded.revoked,
    former = CASE WHEN g.object_permission_id = excluded.object_permission_id THEN g.former
        ELSE (g.former || CASE WHEN g.servers = '{}' THEN '{}' ELSE jsonb_build_object(
                 g.object_permission_id, jsonb_build_object('servers', g.servers, 'created', g.row_created)) END)
             - excluded.object_permission_id END,
    revoked_at = CASE WHEN excluded.revoked <> '{}' THEN coalesce(excluded.revoked_at, g.revoked_at) END,
    run_id = excluded.run_id,
    updated_at = excluded.updated_at

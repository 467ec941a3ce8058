-- Entries of the change log, and what is owned after them. A list is parsed once
-- for both, and not sent at all where it stands elsewhere: after NULL is what was
-- written into the row, owned NULL is the same as after, and granted NULL the
-- same as owned. The row's own hash is taken as it stands by now. What was owned
-- in a row that the team leaves is kept for when it comes back.
WITH n AS MATERIALIZED (
    SELECT u.place, u.team_id, u.row_id, u.previous_row, u.action, u.before::text[] AS before,
           l.after, coalesce(l.owned, l.after) AS owned, u.created, u.policy,
           coalesce(u.revoked::text[], '{}') AS revoked, u.revoked_now, u.granted_by, u.forget,
           h.row_hash,
           CASE WHEN u.granted IS NULL AND l.owned IS NULL AND u.after IS NULL THEN h.row_hash
                ELSE pg_catalog.hash_array_extended(coalesce(u.granted::text[], l.owned, l.after), 0) END AS union_hash
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                $10::text[], $11::boolean[], $12::boolean[], $13::text[], $14::text[], $15::boolean[])
        WITH ORDINALITY AS u (team_id, row_id, previous_row, action, before, after, owned, granted,
            revoked, revoked_now, created, policy, granted_by, forget, place)
    LEFT JOIN {litellm}."LiteLLM_ObjectPermissionTable" AS p ON p.object_permission_id = u.row_id
    CROSS JOIN LATERAL (SELECT coalesce(u.after::text[], p.mcp_servers) AS after, u.owned::text[] AS owned OFFSET 0) AS l
    CROSS JOIN LATERAL (SELECT coalesce(pg_catalog.hash_array_extended(p.mcp_servers, 0), 1) AS row_hash OFFSET 0) AS h
),
logged AS (
    INSERT INTO {ledger}.changes
        (run_id, team_id, object_permission_id, previous_row, action, before, after, granted_by)
    SELECT $1, n.team_id, n.row_id, n.previous_row, n.action, n.before, n.after, n.granted_by
    FROM n
    WHERE n.action <> 'settled'
    ORDER BY n.place
)
INSERT INTO {ledger}.grants AS g
    (team_id, object_permission_id, servers, row_created, policy, union_hash, row_hash,
     revoked, revoked_at, run_id, updated_at)
SELECT n.team_id, n.row_id, n.owned, n.created, n.policy, n.union_hash, n.row_hash,
       n.revoked, CASE WHEN n.revoked_now THEN now() END, $1, now()
FROM n
WHERE NOT n.forget
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

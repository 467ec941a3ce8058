(SELECT ''::text AS team_id, ''::text AS object_permission_id, '{}'::text[] AS servers, ''::text AS policy,
        0::bigint AS union_hash, 0::bigint AS row_hash, '{}'::text[] AS revoked, '{}'::jsonb AS former, now() AS revoked_at WHERE false)

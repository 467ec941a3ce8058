-- As LiteLLM asks for them (ProxyExtrasDBManager._warn_if_db_ahead_of_head). A
-- migration that failed and was tried again has a row for each.
SELECT coalesce(max(migration_name) FILTER (WHERE done), ''),
       coalesce(array_agg(migration_name ORDER BY migration_name) FILTER (WHERE NOT done AND pending), '{}')
FROM (SELECT migration_name::text,
             bool_or(finished_at IS NOT NULL AND rolled_back_at IS NULL) AS done,
             bool_or(finished_at IS NULL AND rolled_back_at IS NULL) AS pending
      FROM {litellm}._prisma_migrations
      GROUP BY migration_name) AS m

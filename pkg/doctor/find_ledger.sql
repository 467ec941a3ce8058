-- Whether the ledger's schema is there, whether the current role could install
-- tables in it (or make it), whose they are (any of them, should some be lost),
-- and which.
SELECT current_user::text,
       s.oid IS NOT NULL,
       CASE WHEN s.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
            ELSE has_schema_privilege(s.oid, 'USAGE') AND has_schema_privilege(s.oid, 'CREATE') END,
       coalesce(pg_get_userbyid(v.relowner)::text, ''),
       coalesce(pg_has_role(v.relowner, 'USAGE'), false),
       ARRAY(SELECT c.relname::text FROM pg_catalog.pg_class AS c
             WHERE c.relnamespace = s.oid AND c.relkind IN ('r', 'p', 'v'))
FROM (SELECT $1::text AS name) AS wanted
LEFT JOIN pg_catalog.pg_namespace AS s ON s.nspname = wanted.name
LEFT JOIN LATERAL (
    SELECT c.relowner
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = s.oid AND c.relkind IN ('r', 'p')
      AND c.relname IN ('schema_version', 'grants', 'changes', 'runs')
    ORDER BY c.relname = 'schema_version' DESC, c.relname
    LIMIT 1) AS v ON true

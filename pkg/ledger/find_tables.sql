-- How many of the tables that the first version makes and all later ones keep
-- are in schema $1, and which are lost. A column tells them from tables of
-- somebody else that have the same name.
SELECT count(*) FILTER (WHERE t.there),
       coalesce(array_agg(t.name ORDER BY t.position) FILTER (WHERE NOT t.there), '{}')
FROM (SELECT wanted.position, wanted.name, EXISTS (
          SELECT
          FROM pg_catalog.pg_class AS c
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
          WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')
            AND c.relname = wanted.name AND a.attname = wanted.mark) AS there
      FROM (VALUES (1, 'schema_version', 'version_id'), (2, 'grants', 'object_permission_id'),
                   (3, 'changes', 'granted_by'), (4, 'runs', 'reverted_run')) AS wanted (position, name, mark)) AS t

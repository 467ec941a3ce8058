-- Those of the tables in $2 that have no foreign key to the permission table.
SELECT owner.name
FROM unnest($2::text[]) AS owner (name)
WHERE NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.oid = p.relnamespace
    WHERE k.contype = 'f' AND n.nspname = $1
      AND c.relname = owner.name AND p.relname = 'LiteLLM_ObjectPermissionTable')
ORDER BY owner.name

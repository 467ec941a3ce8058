-- Those of the wanted rights that the current role lacks. A schema has the
-- privilege USAGE, a table or its column the others; an empty table name
-- stands for the schema, an empty column for the whole table. The order of
-- CASE keeps a table from being looked up in a schema that may not be used.
SELECT n.position
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    WITH ORDINALITY AS n (schema_name, table_name, column_name, privilege, position)
JOIN pg_catalog.pg_namespace AS s ON s.nspname = n.schema_name
LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = s.oid AND c.relname = n.table_name
WHERE NOT CASE
    WHEN n.table_name = '' THEN has_schema_privilege(s.oid, n.privilege)
    WHEN c.oid IS NULL THEN true
    WHEN n.column_name = '' THEN has_table_privilege(c.oid, n.privilege)
    ELSE has_column_privilege(c.oid, n.column_name, n.privilege)
END
ORDER BY n.position

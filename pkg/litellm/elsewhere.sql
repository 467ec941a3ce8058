-- Schemas other than the configured one that hold LiteLLM's team table.
SELECT n.nspname
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = 'LiteLLM_TeamTable'
  AND c.relkind IN ('r', 'p')
  AND n.nspname <> $1
ORDER BY n.nspname

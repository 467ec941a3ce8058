-- Triggers and rules on the tables that are read and written. One whose
-- function is in $2, the ledger's schema, is this program's own.
WITH tables AS (
    SELECT c.oid, c.relname
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1
      AND c.relname IN ('LiteLLM_TeamTable', 'LiteLLM_AccessGroupTable', 'LiteLLM_ObjectPermissionTable')
)
SELECT format('trigger %s on %s', t.tgname, c.relname)
FROM pg_catalog.pg_trigger AS t
JOIN tables AS c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
JOIN pg_catalog.pg_namespace AS n ON n.oid = f.pronamespace
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND n.nspname <> $2
UNION ALL
SELECT format('rule %s on %s', r.rulename, c.relname)
FROM pg_catalog.pg_rewrite AS r
JOIN tables AS c ON c.oid = r.ev_class
WHERE r.ev_enabled <> 'D'
ORDER BY 1

-- The triggers of ledger schema $2 on the tables in schema $1, as Postgres would
-- print them, and what is there; $3 is the body of their function.
--
-- LiteLLM writes the spend of teams all the time, so this trigger names its
-- columns and costs such an update nothing. Postgres then refuses to drop or
-- retype these two. The other tables are written rarely, and their triggers
-- name no column: no migration of LiteLLM can stumble over them.
WITH wanted (relation, kind, events) AS (VALUES
    ('LiteLLM_TeamTable', 'team', 'INSERT OR DELETE OR UPDATE OF access_group_ids, object_permission_id'),
    ('LiteLLM_AccessGroupTable', 'group', 'INSERT OR DELETE OR UPDATE'),
    ('LiteLLM_ObjectPermissionTable', 'row', 'DELETE OR UPDATE')
), defined AS (
    SELECT relation, format('CREATE TRIGGER %I AFTER %s ON %I.%I FOR EACH ROW EXECUTE FUNCTION %I.litellm_reconciler_enqueue(%L)',
                            $2::text, events, $1::text, relation, $2::text, kind) AS definition
    FROM wanted
), there AS (
    SELECT c.relname AS relation, pg_get_userbyid(f.proowner)::text AS owner, t.tgenabled IN ('O', 'A') AS enabled, pg_get_triggerdef(t.oid) AS definition,
           f.prosrc = $3 AND f.prosecdef AND f.proconfig = ARRAY[
               'search_path=pg_catalog, pg_temp', 'lock_timeout=50ms', 'enable_seqscan=off'] AS current,
           has_schema_privilege(f.proowner, f.pronamespace, 'USAGE')
               AND has_table_privilege(f.proowner, i.oid, 'SELECT')
               AND has_table_privilege(f.proowner, i.oid, 'INSERT')
               AND has_table_privilege(f.proowner, i.oid, 'UPDATE') AS able
    FROM pg_trigger AS t
    JOIN pg_class AS c ON c.oid = t.tgrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_proc AS f ON f.oid = t.tgfoid
    LEFT JOIN pg_class AS i ON i.relnamespace = f.pronamespace AND i.relname = 'inbox'
    WHERE n.nspname = $1 AND t.tgname = $2 AND NOT t.tgisinternal
)
SELECT d.relation, d.definition,
       CASE WHEN t.relation IS NULL THEN 'missing'
            WHEN NOT t.enabled THEN 'disabled'
            WHEN t.able IS NOT TRUE THEN 'powerless'
            WHEN t.definition <> d.definition OR NOT t.current THEN 'old'
            ELSE 'installed' END,
       coalesce(t.owner, '')
FROM defined AS d
LEFT JOIN there AS t USING (relation)
ORDER BY d.relation

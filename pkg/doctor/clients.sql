-- Who has sessions of this program but our own ($1). A role sees the address of its
-- own sessions only, and the application name of all.
SELECT DISTINCT coalesce(usename::text, '?'), coalesce(' at ' || host(client_addr), '')
FROM pg_catalog.pg_stat_activity
WHERE application_name = 'litellm-reconciler'
  AND datname = current_database()
  AND coalesce(backend_type, 'client backend') = 'client backend'
  AND pid <> ALL ($1::integer[])
ORDER BY 1, 2

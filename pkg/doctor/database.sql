SELECT current_setting('server_version'), current_setting('server_version_num')::integer,
       pg_is_in_recovery(), current_setting('default_transaction_read_only')::boolean,
       current_user::text, (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user),
       d.datname::text, d.oid, pg_postmaster_start_time(), pg_backend_pid()
FROM pg_catalog.pg_database AS d
WHERE d.datname = current_database()

-- Ends sessions that hold the fence of a term that is over and wait for their
-- client. Inside a batch of statements a session is neither idle in its
-- transaction nor executing, so that no timeout of the server's ends it.
SELECT pg_terminate_backend(a.pid)
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'RowShareLock'
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND l.relation = to_regclass('{ledger}.lease')
  AND a.usename = current_user AND a.state = 'active' AND a.wait_event = 'ClientRead'
  AND a.xact_start < clock_timestamp() - $1::interval
  AND EXISTS (SELECT FROM {ledger}.lease WHERE name = 'daemon' AND expires_at <= clock_timestamp())

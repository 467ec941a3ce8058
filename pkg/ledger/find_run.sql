-- Runs whose id begins with $1, newest first.
SELECT r.run_id, r.started_at, r.trigger
FROM {ledger}.runs AS r
WHERE r.run_id::text LIKE $1 || '%'
ORDER BY r.run_id DESC
LIMIT 6

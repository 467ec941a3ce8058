SELECT run_id, started_at
FROM {ledger}.runs
WHERE reverted_run = $1
ORDER BY started_at DESC
LIMIT 1

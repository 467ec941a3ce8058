-- Ids of runs are UUIDv7 and so in the order of time.
SELECT started_at, host, version, policy, coalesce(result, ''), coalesce(repaired, 0), coalesce(failed, 0)
FROM {ledger}.runs
ORDER BY run_id DESC
LIMIT 1

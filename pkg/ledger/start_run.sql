INSERT INTO {ledger}.runs (run_id, started_at, trigger, policy, version, host, reverted_run)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (run_id) DO NOTHING

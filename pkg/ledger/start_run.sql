INSERT INTO {ledger}.runs (run_id, started_at, trigger, policy, version, host)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (run_id) DO NOTHING

UPDATE {ledger}.runs
SET finished_at = $2, result = $3, repaired = $4, failed = $5
WHERE run_id = $1

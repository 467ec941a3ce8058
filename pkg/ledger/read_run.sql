SELECT {run},
       ARRAY(SELECT b.run_id FROM {ledger}.runs AS b WHERE b.reverted_run = r.run_id ORDER BY b.started_at)
FROM {ledger}.runs AS r
WHERE r.run_id = $1

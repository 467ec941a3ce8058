SELECT team_id, generation
FROM {ledger}.pending
WHERE due_at <= now()
ORDER BY due_at
LIMIT $1

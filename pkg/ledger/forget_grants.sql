DELETE FROM {ledger}.grants
WHERE team_id = ANY ($1)

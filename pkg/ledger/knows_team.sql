SELECT EXISTS (SELECT FROM {ledger}.changes WHERE team_id = $1)
    OR EXISTS (SELECT FROM {ledger}.grants WHERE team_id = $1)

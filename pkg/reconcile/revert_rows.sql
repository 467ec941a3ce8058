-- The teams that a revert is about, and the rows in which the ledger owns
-- something: of one team, of the teams that a run granted something, or all.
SELECT g.team_id, g.object_permission_id
FROM {ledger}.grants AS g
WHERE ($1::text IS NULL OR g.team_id = $1)
  AND ($2::uuid IS NULL
       OR g.team_id IN (SELECT c.team_id FROM {ledger}.changes AS c WHERE c.run_id = $2 AND c.granted_by <> '{}'))
ORDER BY g.team_id

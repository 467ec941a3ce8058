-- Unless the team was changed again since it was taken.
DELETE FROM {ledger}.pending AS p
USING unnest($1::text[], $2::bigint[]) AS d (team_id, generation)
WHERE p.team_id = d.team_id AND p.generation = d.generation
RETURNING clock_timestamp() - p.changed_at

-- Half of the wait to all of it: teams that failed together do not come back
-- together. A team that was changed meanwhile is due as it is.
UPDATE {ledger}.pending AS p
SET attempts = p.attempts + 1,
    due_at = CASE WHEN p.generation = f.generation
                  THEN now() + (0.5 + random() / 2) * least($3::interval * 2 ^ least(p.attempts, 30), $4::interval)
                  ELSE p.due_at END
FROM unnest($1::text[], $2::bigint[]) AS f (team_id, generation)
WHERE p.team_id = f.team_id

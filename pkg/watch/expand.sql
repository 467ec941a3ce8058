-- The teams that the entries concern: those that may have something to be given
-- or taken. A row that we linked is in grants only. All groups are looked for at
-- once, because each of them may be in every team.
WITH entries AS MATERIALIZED (
    SELECT kind, key, changed_at FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS e (kind, key, changed_at)
), others AS MATERIALIZED (
    SELECT kind, array_agg(key) AS keys, min(changed_at) AS changed_at FROM entries WHERE kind <> 'team' GROUP BY kind
), concerned (team_id, changed_at) AS (
    SELECT e.key, e.changed_at FROM entries AS e
    WHERE e.kind = 'team'
      AND (EXISTS (SELECT FROM {ledger}.teams AS t WHERE t.team_id = e.key)
           OR EXISTS (SELECT FROM {ledger}.grants AS g WHERE g.team_id = e.key))
    UNION ALL
    SELECT t.team_id, o.changed_at FROM others AS o
    JOIN {ledger}.teams AS t ON t.groups && o.keys
    WHERE o.kind = 'group'
    UNION ALL
    SELECT t.team_id, o.changed_at FROM others AS o
    JOIN {ledger}.teams AS t ON t.object_permission_id = ANY (o.keys)
    WHERE o.kind = 'row'
    UNION ALL
    SELECT g.team_id, o.changed_at FROM others AS o
    JOIN {ledger}.grants AS g ON g.object_permission_id = ANY (o.keys)
    WHERE o.kind = 'row'
)
INSERT INTO {ledger}.pending AS p (team_id, changed_at, due_at)
SELECT team_id, min(changed_at), min(changed_at)
FROM concerned
GROUP BY team_id
ORDER BY team_id COLLATE "C" -- as repairs take them off
ON CONFLICT (team_id) DO UPDATE
SET generation = DEFAULT,
    due_at = least(p.due_at, excluded.due_at)

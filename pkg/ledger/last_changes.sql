-- For each entry of a team's rows the last change that added, adopted or
-- removed it, and the access groups that it was then granted by. This is what
-- the view history says, in time linear in what the log holds of the team.
WITH logged AS MATERIALIZED (
    SELECT change_id, before, after, granted_by FROM {ledger}.changes WHERE team_id = $1
),
places AS (
    SELECT l.change_id, e.entry, e.place
    FROM logged AS l CROSS JOIN unnest(l.after) WITH ORDINALITY AS e (entry, place)
    WHERE l.granted_by <> '{}'
),
granted AS (
    SELECT l.change_id, g.id, p.place::bigint
    FROM logged AS l
    CROSS JOIN jsonb_each(l.granted_by::jsonb) AS g (id, positions)
    CROSS JOIN jsonb_array_elements_text(g.positions) AS p (place)
),
grants AS MATERIALIZED (
    SELECT change_id, entry, array_agg(DISTINCT id ORDER BY id) AS groups
    FROM places JOIN granted USING (change_id, place)
    GROUP BY change_id, entry
),
events (change_id, entry, removed) AS (
    (SELECT change_id, unnest(before), true FROM logged EXCEPT SELECT change_id, unnest(after), true FROM logged)
    UNION ALL
    (SELECT change_id, unnest(after), false FROM logged EXCEPT SELECT change_id, unnest(before), false FROM logged)
    UNION ALL
    SELECT change_id, entry, false FROM grants
),
last AS (
    SELECT DISTINCT ON (entry) change_id, entry, removed
    FROM events
    ORDER BY entry, change_id DESC
)
SELECT last.entry, last.removed, c.changed_at, c.run_id, c.action, coalesce(grants.groups, '{}')
FROM last
JOIN {ledger}.changes AS c USING (change_id)
LEFT JOIN grants USING (change_id, entry)
WHERE last.entry IS NOT NULL

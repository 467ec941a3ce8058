-- What the log says that is owned in rows ($2) that teams ($1) are back at, each
-- at another one than that of their grant: what was granted or adopted there,
-- and neither taken out nor disowned since. A copy took along what was owned in
-- the row that it was made of.
WITH RECURSIVE places (team_id, row_id, until) AS (
    SELECT team_id, row_id, NULL::bigint FROM unnest($1::text[], $2::text[]) AS asked (team_id, row_id)
    UNION
    SELECT p.team_id, c.previous_row, c.change_id
    FROM places AS p
    JOIN {ledger}.changes AS c ON c.team_id = p.team_id AND c.object_permission_id = p.row_id
    WHERE c.action = 'copied' AND c.previous_row IS NOT NULL AND c.change_id < coalesce(p.until, c.change_id + 1)
), logged AS MATERIALIZED (
    SELECT c.team_id, c.change_id, c.action, c.before, c.after, c.granted_by, p.until IS NULL AS here
    FROM places AS p
    JOIN {ledger}.changes AS c ON c.team_id = p.team_id AND c.object_permission_id = p.row_id
    WHERE c.change_id < coalesce(p.until, c.change_id + 1)
), events (team_id, change_id, entry, owned) AS (
    SELECT l.team_id, l.change_id, l.after[p.place::integer], l.action <> 'disowned'
    FROM logged AS l
    CROSS JOIN LATERAL jsonb_each(l.granted_by) AS g (id, positions)
    CROSS JOIN LATERAL jsonb_array_elements_text(g.positions) AS p (place)
    UNION ALL
    SELECT l.team_id, l.change_id, gone.entry, false
    FROM logged AS l
    CROSS JOIN LATERAL (SELECT unnest(l.before) EXCEPT SELECT unnest(l.after)) AS gone (entry)
), last AS (
    SELECT DISTINCT ON (team_id, entry) team_id, entry, owned
    FROM events
    ORDER BY team_id, entry, change_id DESC
)
SELECT team_id, array_agg(entry ORDER BY entry),
       EXISTS (SELECT FROM logged AS l WHERE l.team_id = last.team_id AND l.here AND l.action IN ('created', 'copied'))
FROM last
WHERE owned AND entry IS NOT NULL
GROUP BY team_id

-- For each entry of a team's rows the last change that added, adopted or
-- removed it, and the access groups that it was then granted by.
SELECT DISTINCT ON (e.entry)
       e.entry, e.removed, h.changed_at, h.run_id, h.action,
       ARRAY(SELECT jsonb_array_elements_text(h.granted_by -> e.entry))
FROM {ledger}.history AS h
CROSS JOIN LATERAL (
    SELECT unnest(h.removed), true
    UNION ALL
    SELECT unnest(h.added), false
    UNION ALL
    SELECT jsonb_object_keys(h.granted_by), false
) AS e (entry, removed)
WHERE h.team_id = $1
ORDER BY e.entry, h.change_id DESC

-- Changes before $1, newest first, with their runs. A filter that is NULL does
-- not restrict. The order is that of change_id, not of changed_at: clocks are
-- set, and transactions overlap.
SELECT h.change_id, h.changed_at, h.team_id, h.object_permission_id, h.previous_row, h.action,
       h.before, h.after, h.added, h.removed, h.granted_by,
       {run}
FROM {ledger}.history AS h
JOIN {ledger}.runs AS r USING (run_id)
WHERE h.change_id < $1
  AND ($2::text IS NULL OR h.team_id = $2)
  AND ($3::uuid IS NULL OR h.run_id = $3)
  AND ($4::timestamptz IS NULL OR h.changed_at >= $4)
ORDER BY h.change_id DESC
LIMIT $5

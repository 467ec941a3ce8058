INSERT INTO {ledger}.changes
    (run_id, team_id, object_permission_id, previous_row, action, before, after, granted_by)
SELECT $8, n.team_id, n.row_id, n.previous_row, n.action, n.before::text[], n.after::text[], n.granted_by::jsonb
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS n (team_id, row_id, previous_row, action, before, after, granted_by)

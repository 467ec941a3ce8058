-- Rows that a revert took from their team, this one or an earlier one that did
-- not come to its end, and that nothing points at. Beside each the row that it
-- was copied from. {owners} is a UNION ALL over all that can point at a row.
SELECT DISTINCT c.row_id, c.source
FROM (
    SELECT object_permission_id AS row_id, '' AS source FROM {ledger}.changes WHERE action = 'unlinked'
    UNION ALL
    SELECT previous_row, object_permission_id FROM {ledger}.changes WHERE action = 'relinked'
) AS c
JOIN {litellm}."LiteLLM_ObjectPermissionTable" AS p ON p.object_permission_id = c.row_id
WHERE NOT EXISTS (SELECT FROM ({owners}) AS o WHERE o.object_permission_id = c.row_id)
ORDER BY c.row_id

-- Rows that copies of these teams were made of: until the end they stay what
-- they are compared as.
SELECT p.object_permission_id
FROM {litellm}."LiteLLM_ObjectPermissionTable" AS p
WHERE p.object_permission_id IN (
    SELECT c.previous_row FROM {ledger}.changes AS c WHERE c.team_id = ANY ($1) AND c.action = 'copied')
ORDER BY p.object_permission_id
FOR SHARE OF p SKIP LOCKED

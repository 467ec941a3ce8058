-- Rows locked so that nobody can come to point at them: a foreign key takes a
-- lock on the row that it points at.
SELECT p.object_permission_id
FROM {litellm}."LiteLLM_ObjectPermissionTable" AS p
WHERE p.object_permission_id = ANY ($1)
ORDER BY p.object_permission_id
FOR UPDATE OF p SKIP LOCKED

-- The bare join: every team, its row, and its first group, and nothing compared.
BEGIN READ ONLY;
SET LOCAL jit = off;
SET LOCAL work_mem = '256MB';
SELECT count(*), count(p.object_permission_id), count(g.access_group_id)
FROM "LiteLLM_TeamTable" AS t
LEFT JOIN "LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)
LEFT JOIN "LiteLLM_AccessGroupTable" AS g ON g.access_group_id = t.access_group_ids[1];
COMMIT;

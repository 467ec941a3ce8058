-- {owners} is a UNION ALL over every table that can point at a permission row.
DELETE FROM {litellm}."LiteLLM_ObjectPermissionTable" AS p
WHERE p.object_permission_id = $1
  AND NOT EXISTS (SELECT FROM ({owners}) AS o WHERE o.object_permission_id = $1)

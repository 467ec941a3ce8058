-- The organization of a team, with the permission row that limits its keys.
SELECT o.organization_id, coalesce(o.organization_alias, ''), e.servers, e.tags, e.tools
FROM {litellm}."LiteLLM_TeamTable" AS t
JOIN {litellm}."LiteLLM_OrganizationTable" AS o USING (organization_id)
LEFT JOIN {entitlements} AS e ON e.object_permission_id = o.object_permission_id
WHERE t.team_id = $1

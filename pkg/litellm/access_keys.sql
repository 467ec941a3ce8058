-- Keys with all that decides about their servers, except what their team has:
-- those of the teams in $1, or those that go by $2. The token is not read. A
-- date is put between what a calendar and JSON can hold.
SELECT coalesce(k.key_alias, ''), coalesce(k.key_name, ''), coalesce(k.team_id, ''), coalesce(k.blocked, false),
       CASE WHEN k.expires < 'infinity' THEN greatest('0001-01-01', least(k.expires, '9999-12-31')) END,
       k.object_permission_id,
       own.servers, own.tags, own.tools,
       ARRAY(SELECT g FROM unnest(k.access_group_ids) AS g WHERE g <> ''),
       agent.servers, agent.tags, agent.tools,
       human.servers, human.tags, human.tools,
       organization.servers, organization.tags, organization.tools
FROM {litellm}."LiteLLM_VerificationToken" AS k
LEFT JOIN {litellm}."LiteLLM_TeamTable" AS t ON t.team_id = k.team_id
LEFT JOIN {entitlements} AS own ON own.object_permission_id = k.object_permission_id
LEFT JOIN {agents} AS a ON a.agent_id = {agent}
LEFT JOIN {entitlements} AS agent ON agent.object_permission_id = a.object_permission_id
LEFT JOIN {litellm}."LiteLLM_UserTable" AS u ON u.user_id = k.user_id
LEFT JOIN {entitlements} AS human ON human.object_permission_id = u.object_permission_id
LEFT JOIN {litellm}."LiteLLM_OrganizationTable" AS o
    ON o.organization_id = coalesce(k.organization_id, t.organization_id)
LEFT JOIN {entitlements} AS organization ON organization.object_permission_id = o.object_permission_id
WHERE ($1::text[] IS NULL OR k.team_id = ANY ($1))
  AND ($2::text IS NULL OR k.key_alias = $2 OR k.key_name = $2)
ORDER BY k.team_id COLLATE "C", k.key_alias, k.key_name

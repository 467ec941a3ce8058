-- What changed up to v1.88. Its fix of issue #27657 (LiteLLM PR #28997) changed no table, so a database cannot tell
-- whether its proxies have it. The exact release of these indexes is not confirmed.

CREATE INDEX "LiteLLM_TeamTable_organization_id_idx" ON {schema}."LiteLLM_TeamTable" (organization_id);
CREATE INDEX "LiteLLM_TeamTable_team_alias_idx" ON {schema}."LiteLLM_TeamTable" (team_alias);
CREATE INDEX "LiteLLM_TeamTable_created_at_idx" ON {schema}."LiteLLM_TeamTable" (created_at);

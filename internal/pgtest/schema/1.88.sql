-- What changed up to v1.88. Its fix of issue #27657 (LiteLLM PR #28997) changed no table: those of v1.87 are the same, and a
-- database cannot tell whether its proxies have it.

ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" ADD COLUMN search_tools TEXT[] DEFAULT ARRAY[]::TEXT[];
ALTER TABLE {schema}."LiteLLM_MCPServerTable" ADD COLUMN delegate_auth_to_upstream BOOLEAN NOT NULL DEFAULT false;

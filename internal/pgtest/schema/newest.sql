-- What changed up to the newest release read, v1.106.10: the permission row keeps growing.

ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" ADD COLUMN models TEXT[] DEFAULT ARRAY[]::TEXT[];
ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" ADD COLUMN search_tools TEXT[] DEFAULT ARRAY[]::TEXT[];
ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" ADD COLUMN mcp_tool_search_enabled BOOLEAN;

-- Seen in LiteLLM's code but not confirmed as released. It stands for the columns nobody knows yet: a copy of a row must
-- keep its value, and an insert must do without naming it.
ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" ADD COLUMN mcp_permission_version INTEGER NOT NULL DEFAULT 0;

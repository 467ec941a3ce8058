-- What changed up to v1.83.14: tools can be blocked, and toolsets exist (LiteLLM PRs #24335 and #25155).

ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" ADD COLUMN blocked_tools TEXT[] DEFAULT ARRAY[]::TEXT[];
ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" ADD COLUMN mcp_toolsets TEXT[] DEFAULT ARRAY[]::TEXT[];

CREATE TABLE {schema}."LiteLLM_MCPToolsetTable" (
    toolset_id TEXT NOT NULL,
    toolset_name TEXT NOT NULL,
    description TEXT,
    tools JSONB NOT NULL DEFAULT '[]',
    created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_by TEXT,
    updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_by TEXT,
    CONSTRAINT "LiteLLM_MCPToolsetTable_pkey" PRIMARY KEY (toolset_id)
);
CREATE UNIQUE INDEX "LiteLLM_MCPToolsetTable_toolset_name_key" ON {schema}."LiteLLM_MCPToolsetTable" (toolset_name);

-- Servers that users submit wait for approval. The exact release of these two columns is not confirmed.
ALTER TABLE {schema}."LiteLLM_MCPServerTable" ADD COLUMN available_on_public_internet BOOLEAN NOT NULL DEFAULT true;
ALTER TABLE {schema}."LiteLLM_MCPServerTable" ADD COLUMN approval_status TEXT DEFAULT 'active';
CREATE INDEX "LiteLLM_MCPServerTable_approval_status_idx" ON {schema}."LiteLLM_MCPServerTable" (approval_status);

INSERT INTO {schema}._prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
SELECT md5('id of ' || name)::uuid::text, md5(name) || md5('checksum of ' || name), name, now(), now(), 1
FROM unnest(ARRAY['20260226000000_add_blocked_tools_to_object_permission']) AS name;

-- What changed up to v1.83.14: tools can be blocked (there in v1.82.3), toolsets exist (there in v1.83.3; LiteLLM PRs #24335
-- and #25155), and projects, end users and agents have permission rows.

ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable"
    ADD COLUMN blocked_tools TEXT[] DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN models TEXT[] DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN mcp_toolsets TEXT[] DEFAULT ARRAY[]::TEXT[];

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

ALTER TABLE {schema}."LiteLLM_TeamTable"
    ADD COLUMN budget_limits JSONB,
    ADD COLUMN default_team_member_models TEXT[] DEFAULT ARRAY[]::TEXT[];
CREATE INDEX "LiteLLM_TeamTable_organization_id_idx" ON {schema}."LiteLLM_TeamTable" (organization_id);
CREATE INDEX "LiteLLM_TeamTable_team_alias_idx" ON {schema}."LiteLLM_TeamTable" (team_alias);
CREATE INDEX "LiteLLM_TeamTable_created_at_idx" ON {schema}."LiteLLM_TeamTable" (created_at);

CREATE TABLE {schema}."LiteLLM_ProjectTable" (
    project_id TEXT NOT NULL,
    project_alias TEXT,
    description TEXT,
    team_id TEXT,
    budget_id TEXT,
    metadata JSONB NOT NULL DEFAULT '{}',
    models TEXT[],
    spend DOUBLE PRECISION NOT NULL DEFAULT 0.0,
    model_spend JSONB NOT NULL DEFAULT '{}',
    model_rpm_limit JSONB NOT NULL DEFAULT '{}',
    model_tpm_limit JSONB NOT NULL DEFAULT '{}',
    blocked BOOLEAN NOT NULL DEFAULT false,
    object_permission_id TEXT,
    created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_by TEXT NOT NULL,
    CONSTRAINT "LiteLLM_ProjectTable_pkey" PRIMARY KEY (project_id)
);
ALTER TABLE {schema}."LiteLLM_ProjectTable" ADD CONSTRAINT "LiteLLM_ProjectTable_team_id_fkey" FOREIGN KEY (team_id)
    REFERENCES {schema}."LiteLLM_TeamTable" (team_id) ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE {schema}."LiteLLM_ProjectTable" ADD CONSTRAINT "LiteLLM_ProjectTable_object_permission_id_fkey"
    FOREIGN KEY (object_permission_id) REFERENCES {schema}."LiteLLM_ObjectPermissionTable" (object_permission_id) ON DELETE SET NULL ON UPDATE CASCADE;

ALTER TABLE {schema}."LiteLLM_VerificationToken"
    ADD COLUMN agent_id TEXT,
    ADD COLUMN project_id TEXT,
    ADD COLUMN budget_limits JSONB,
    ADD COLUMN last_active TIMESTAMP(3);
ALTER TABLE {schema}."LiteLLM_VerificationToken" ADD CONSTRAINT "LiteLLM_VerificationToken_project_id_fkey" FOREIGN KEY (project_id)
    REFERENCES {schema}."LiteLLM_ProjectTable" (project_id) ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE {schema}."LiteLLM_DeletedVerificationToken"
    ADD COLUMN agent_id TEXT,
    ADD COLUMN project_id TEXT,
    ADD COLUMN last_active TIMESTAMP(3);

ALTER TABLE {schema}."LiteLLM_EndUserTable" ADD COLUMN object_permission_id TEXT;
ALTER TABLE {schema}."LiteLLM_EndUserTable" ADD CONSTRAINT "LiteLLM_EndUserTable_object_permission_id_fkey"
    FOREIGN KEY (object_permission_id) REFERENCES {schema}."LiteLLM_ObjectPermissionTable" (object_permission_id) ON DELETE SET NULL ON UPDATE CASCADE;

ALTER TABLE {schema}."LiteLLM_AgentsTable"
    ADD COLUMN object_permission_id TEXT,
    ADD COLUMN static_headers JSONB DEFAULT '{}',
    ADD COLUMN extra_headers TEXT[] DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN spend DOUBLE PRECISION NOT NULL DEFAULT 0.0,
    ADD COLUMN tpm_limit INTEGER,
    ADD COLUMN rpm_limit INTEGER,
    ADD COLUMN session_tpm_limit INTEGER,
    ADD COLUMN session_rpm_limit INTEGER;
ALTER TABLE {schema}."LiteLLM_AgentsTable" ADD CONSTRAINT "LiteLLM_AgentsTable_object_permission_id_fkey"
    FOREIGN KEY (object_permission_id) REFERENCES {schema}."LiteLLM_ObjectPermissionTable" (object_permission_id) ON DELETE SET NULL ON UPDATE CASCADE;

-- Servers that users submit wait for approval.
ALTER TABLE {schema}."LiteLLM_MCPServerTable"
    ALTER COLUMN available_on_public_internet SET DEFAULT true,
    ADD COLUMN approval_status TEXT DEFAULT 'active',
    ADD COLUMN submitted_by TEXT,
    ADD COLUMN submitted_at TIMESTAMP(3),
    ADD COLUMN reviewed_at TIMESTAMP(3),
    ADD COLUMN review_notes TEXT,
    ADD COLUMN source_url TEXT,
    ADD COLUMN spec_path TEXT,
    ADD COLUMN instructions TEXT,
    ADD COLUMN is_byok BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN byok_description TEXT[] DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN byok_api_key_help_url TEXT,
    ADD COLUMN tool_name_to_display_name JSONB DEFAULT '{}',
    ADD COLUMN tool_name_to_description JSONB DEFAULT '{}';
CREATE INDEX "LiteLLM_MCPServerTable_approval_status_idx" ON {schema}."LiteLLM_MCPServerTable" (approval_status);

INSERT INTO {schema}._prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
SELECT md5('id of ' || name)::uuid::text, md5(name) || md5('checksum of ' || name), name, now(), now(), 1
FROM unnest(ARRAY['20260226000000_add_blocked_tools_to_object_permission']) AS name;

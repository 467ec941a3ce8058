-- LiteLLM's tables as of v1.81.12, the first release with access groups (LiteLLM PR #21022). As in the original, ids have
-- no default, updated_at has no trigger, most arrays may be NULL, and nothing indexes object_permission_id.
--
-- This file and the next ones were compared with what the migrations of LiteLLM's package litellm-proxy-extras make, in the
-- versions that the releases ask for: 0.4.39 by v1.81.12, 0.4.69 by v1.83.14, 0.4.73 by v1.87.0 to v1.88.0, and 0.4.110 by
-- v1.108. Tables that nothing here looks at are left out, and with them the foreign keys to the budget and model tables.

CREATE TABLE {schema}."LiteLLM_ObjectPermissionTable" (
    object_permission_id TEXT NOT NULL,
    mcp_servers TEXT[] DEFAULT ARRAY[]::TEXT[],
    vector_stores TEXT[] DEFAULT ARRAY[]::TEXT[],
    mcp_access_groups TEXT[] DEFAULT ARRAY[]::TEXT[],
    mcp_tool_permissions JSONB,
    agents TEXT[] DEFAULT ARRAY[]::TEXT[],
    agent_access_groups TEXT[] DEFAULT ARRAY[]::TEXT[],
    CONSTRAINT "LiteLLM_ObjectPermissionTable_pkey" PRIMARY KEY (object_permission_id)
);

CREATE TABLE {schema}."LiteLLM_OrganizationTable" (
    organization_id TEXT NOT NULL,
    organization_alias TEXT NOT NULL,
    budget_id TEXT NOT NULL,
    metadata JSONB NOT NULL DEFAULT '{}',
    models TEXT[],
    spend DOUBLE PRECISION NOT NULL DEFAULT 0.0,
    model_spend JSONB NOT NULL DEFAULT '{}',
    object_permission_id TEXT,
    created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_by TEXT NOT NULL,
    CONSTRAINT "LiteLLM_OrganizationTable_pkey" PRIMARY KEY (organization_id)
);

CREATE TABLE {schema}."LiteLLM_TeamTable" (
    team_id TEXT NOT NULL,
    team_alias TEXT,
    organization_id TEXT,
    object_permission_id TEXT,
    admins TEXT[],
    members TEXT[],
    members_with_roles JSONB NOT NULL DEFAULT '{}',
    metadata JSONB NOT NULL DEFAULT '{}',
    max_budget DOUBLE PRECISION,
    soft_budget DOUBLE PRECISION,
    spend DOUBLE PRECISION NOT NULL DEFAULT 0.0,
    models TEXT[],
    max_parallel_requests INTEGER,
    tpm_limit BIGINT,
    rpm_limit BIGINT,
    budget_duration TEXT,
    budget_reset_at TIMESTAMP(3),
    blocked BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    model_spend JSONB NOT NULL DEFAULT '{}',
    model_max_budget JSONB NOT NULL DEFAULT '{}',
    router_settings JSONB DEFAULT '{}',
    team_member_permissions TEXT[] DEFAULT ARRAY[]::TEXT[],
    access_group_ids TEXT[] DEFAULT ARRAY[]::TEXT[],
    policies TEXT[] DEFAULT ARRAY[]::TEXT[],
    allow_team_guardrail_config BOOLEAN NOT NULL DEFAULT false,
    model_id INTEGER,
    CONSTRAINT "LiteLLM_TeamTable_pkey" PRIMARY KEY (team_id)
);
CREATE UNIQUE INDEX "LiteLLM_TeamTable_model_id_key" ON {schema}."LiteLLM_TeamTable" (model_id);
ALTER TABLE {schema}."LiteLLM_TeamTable" ADD CONSTRAINT "LiteLLM_TeamTable_organization_id_fkey" FOREIGN KEY (organization_id)
    REFERENCES {schema}."LiteLLM_OrganizationTable" (organization_id) ON DELETE SET NULL ON UPDATE CASCADE;

CREATE TABLE {schema}."LiteLLM_UserTable" (
    user_id TEXT NOT NULL,
    user_alias TEXT,
    team_id TEXT,
    sso_user_id TEXT,
    organization_id TEXT,
    object_permission_id TEXT,
    password TEXT,
    teams TEXT[] DEFAULT ARRAY[]::TEXT[],
    user_role TEXT,
    max_budget DOUBLE PRECISION,
    spend DOUBLE PRECISION NOT NULL DEFAULT 0.0,
    user_email TEXT,
    models TEXT[],
    metadata JSONB NOT NULL DEFAULT '{}',
    max_parallel_requests INTEGER,
    tpm_limit BIGINT,
    rpm_limit BIGINT,
    budget_duration TEXT,
    budget_reset_at TIMESTAMP(3),
    allowed_cache_controls TEXT[] DEFAULT ARRAY[]::TEXT[],
    policies TEXT[] DEFAULT ARRAY[]::TEXT[],
    model_spend JSONB NOT NULL DEFAULT '{}',
    model_max_budget JSONB NOT NULL DEFAULT '{}',
    created_at TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "LiteLLM_UserTable_pkey" PRIMARY KEY (user_id)
);
CREATE UNIQUE INDEX "LiteLLM_UserTable_sso_user_id_key" ON {schema}."LiteLLM_UserTable" (sso_user_id);
CREATE INDEX "LiteLLM_UserTable_user_email_lower_idx" ON {schema}."LiteLLM_UserTable" (lower(user_email));
ALTER TABLE {schema}."LiteLLM_UserTable" ADD CONSTRAINT "LiteLLM_UserTable_organization_id_fkey" FOREIGN KEY (organization_id)
    REFERENCES {schema}."LiteLLM_OrganizationTable" (organization_id) ON DELETE SET NULL ON UPDATE CASCADE;

CREATE TABLE {schema}."LiteLLM_VerificationToken" (
    token TEXT NOT NULL,
    key_name TEXT,
    key_alias TEXT,
    soft_budget_cooldown BOOLEAN NOT NULL DEFAULT false,
    spend DOUBLE PRECISION NOT NULL DEFAULT 0.0,
    expires TIMESTAMP(3),
    models TEXT[],
    aliases JSONB NOT NULL DEFAULT '{}',
    config JSONB NOT NULL DEFAULT '{}',
    router_settings JSONB DEFAULT '{}',
    user_id TEXT,
    team_id TEXT,
    permissions JSONB NOT NULL DEFAULT '{}',
    max_parallel_requests INTEGER,
    metadata JSONB NOT NULL DEFAULT '{}',
    blocked BOOLEAN,
    tpm_limit BIGINT,
    rpm_limit BIGINT,
    max_budget DOUBLE PRECISION,
    budget_duration TEXT,
    budget_reset_at TIMESTAMP(3),
    allowed_cache_controls TEXT[] DEFAULT ARRAY[]::TEXT[],
    allowed_routes TEXT[] DEFAULT ARRAY[]::TEXT[],
    policies TEXT[] DEFAULT ARRAY[]::TEXT[],
    access_group_ids TEXT[] DEFAULT ARRAY[]::TEXT[],
    model_spend JSONB NOT NULL DEFAULT '{}',
    model_max_budget JSONB NOT NULL DEFAULT '{}',
    budget_id TEXT,
    organization_id TEXT,
    object_permission_id TEXT,
    created_at TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP,
    created_by TEXT,
    updated_at TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP,
    updated_by TEXT,
    rotation_count INTEGER DEFAULT 0,
    auto_rotate BOOLEAN DEFAULT false,
    rotation_interval TEXT,
    last_rotation_at TIMESTAMP(3),
    key_rotation_at TIMESTAMP(3),
    CONSTRAINT "LiteLLM_VerificationToken_pkey" PRIMARY KEY (token)
);
CREATE INDEX "LiteLLM_VerificationToken_user_id_team_id_idx" ON {schema}."LiteLLM_VerificationToken" (user_id, team_id);
CREATE INDEX "LiteLLM_VerificationToken_team_id_idx" ON {schema}."LiteLLM_VerificationToken" (team_id);
CREATE INDEX "LiteLLM_VerificationToken_budget_reset_at_expires_idx" ON {schema}."LiteLLM_VerificationToken" (budget_reset_at, expires);
ALTER TABLE {schema}."LiteLLM_VerificationToken" ADD CONSTRAINT "LiteLLM_VerificationToken_organization_id_fkey" FOREIGN KEY (organization_id)
    REFERENCES {schema}."LiteLLM_OrganizationTable" (organization_id) ON DELETE SET NULL ON UPDATE CASCADE;

CREATE TABLE {schema}."LiteLLM_EndUserTable" (
    user_id TEXT NOT NULL,
    alias TEXT,
    spend DOUBLE PRECISION NOT NULL DEFAULT 0.0,
    allowed_model_region TEXT,
    default_model TEXT,
    budget_id TEXT,
    blocked BOOLEAN NOT NULL DEFAULT false,
    CONSTRAINT "LiteLLM_EndUserTable_pkey" PRIMARY KEY (user_id)
);

CREATE TABLE {schema}."LiteLLM_AgentsTable" (
    agent_id TEXT NOT NULL,
    agent_name TEXT NOT NULL,
    litellm_params JSONB,
    agent_card_params JSONB NOT NULL,
    agent_access_groups TEXT[] DEFAULT ARRAY[]::TEXT[],
    created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_by TEXT NOT NULL,
    CONSTRAINT "LiteLLM_AgentsTable_pkey" PRIMARY KEY (agent_id)
);
CREATE UNIQUE INDEX "LiteLLM_AgentsTable_agent_name_key" ON {schema}."LiteLLM_AgentsTable" (agent_name);

ALTER TABLE {schema}."LiteLLM_TeamTable" ADD CONSTRAINT "LiteLLM_TeamTable_object_permission_id_fkey"
    FOREIGN KEY (object_permission_id) REFERENCES {schema}."LiteLLM_ObjectPermissionTable" (object_permission_id) ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE {schema}."LiteLLM_VerificationToken" ADD CONSTRAINT "LiteLLM_VerificationToken_object_permission_id_fkey"
    FOREIGN KEY (object_permission_id) REFERENCES {schema}."LiteLLM_ObjectPermissionTable" (object_permission_id) ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE {schema}."LiteLLM_OrganizationTable" ADD CONSTRAINT "LiteLLM_OrganizationTable_object_permission_id_fkey"
    FOREIGN KEY (object_permission_id) REFERENCES {schema}."LiteLLM_ObjectPermissionTable" (object_permission_id) ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE {schema}."LiteLLM_UserTable" ADD CONSTRAINT "LiteLLM_UserTable_object_permission_id_fkey"
    FOREIGN KEY (object_permission_id) REFERENCES {schema}."LiteLLM_ObjectPermissionTable" (object_permission_id) ON DELETE SET NULL ON UPDATE CASCADE;

-- History: copies of deleted rows, with about the same columns but no foreign key.
CREATE TABLE {schema}."LiteLLM_DeletedTeamTable" (
    id TEXT NOT NULL,
    LIKE {schema}."LiteLLM_TeamTable" INCLUDING DEFAULTS,
    deleted_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    deleted_by TEXT,
    deleted_by_api_key TEXT,
    litellm_changed_by TEXT,
    CONSTRAINT "LiteLLM_DeletedTeamTable_pkey" PRIMARY KEY (id)
);
ALTER TABLE {schema}."LiteLLM_DeletedTeamTable"
    ALTER COLUMN created_at DROP NOT NULL, ALTER COLUMN created_at DROP DEFAULT,
    ALTER COLUMN updated_at DROP NOT NULL, ALTER COLUMN updated_at DROP DEFAULT;
CREATE INDEX "LiteLLM_DeletedTeamTable_team_id_idx" ON {schema}."LiteLLM_DeletedTeamTable" (team_id);
CREATE INDEX "LiteLLM_DeletedTeamTable_created_at_idx" ON {schema}."LiteLLM_DeletedTeamTable" (created_at);
CREATE INDEX "LiteLLM_DeletedTeamTable_deleted_at_idx" ON {schema}."LiteLLM_DeletedTeamTable" (deleted_at);
CREATE INDEX "LiteLLM_DeletedTeamTable_organization_id_idx" ON {schema}."LiteLLM_DeletedTeamTable" (organization_id);
CREATE INDEX "LiteLLM_DeletedTeamTable_team_alias_idx" ON {schema}."LiteLLM_DeletedTeamTable" (team_alias);

CREATE TABLE {schema}."LiteLLM_DeletedVerificationToken" (
    id TEXT NOT NULL,
    LIKE {schema}."LiteLLM_VerificationToken" INCLUDING DEFAULTS,
    deleted_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    deleted_by TEXT,
    deleted_by_api_key TEXT,
    litellm_changed_by TEXT,
    CONSTRAINT "LiteLLM_DeletedVerificationToken_pkey" PRIMARY KEY (id)
);
ALTER TABLE {schema}."LiteLLM_DeletedVerificationToken"
    ALTER COLUMN created_at DROP DEFAULT, ALTER COLUMN updated_at DROP DEFAULT;
CREATE INDEX "LiteLLM_DeletedVerificationToken_token_idx" ON {schema}."LiteLLM_DeletedVerificationToken" (token);
CREATE INDEX "LiteLLM_DeletedVerificationToken_created_at_idx" ON {schema}."LiteLLM_DeletedVerificationToken" (created_at);
CREATE INDEX "LiteLLM_DeletedVerificationToken_deleted_at_idx" ON {schema}."LiteLLM_DeletedVerificationToken" (deleted_at);
CREATE INDEX "LiteLLM_DeletedVerificationToken_key_alias_idx" ON {schema}."LiteLLM_DeletedVerificationToken" (key_alias);
CREATE INDEX "LiteLLM_DeletedVerificationToken_organization_id_idx" ON {schema}."LiteLLM_DeletedVerificationToken" (organization_id);
CREATE INDEX "LiteLLM_DeletedVerificationToken_team_id_idx" ON {schema}."LiteLLM_DeletedVerificationToken" (team_id);
CREATE INDEX "LiteLLM_DeletedVerificationToken_user_id_idx" ON {schema}."LiteLLM_DeletedVerificationToken" (user_id);

CREATE TABLE {schema}."LiteLLM_AccessGroupTable" (
    access_group_id TEXT NOT NULL,
    access_group_name TEXT NOT NULL,
    description TEXT,
    access_mcp_server_ids TEXT[] DEFAULT ARRAY[]::TEXT[],
    access_agent_ids TEXT[] DEFAULT ARRAY[]::TEXT[],
    assigned_team_ids TEXT[] DEFAULT ARRAY[]::TEXT[],
    assigned_key_ids TEXT[] DEFAULT ARRAY[]::TEXT[],
    created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_by TEXT,
    updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_by TEXT,
    access_model_names TEXT[] DEFAULT ARRAY[]::TEXT[],
    CONSTRAINT "LiteLLM_AccessGroupTable_pkey" PRIMARY KEY (access_group_id)
);
CREATE UNIQUE INDEX "LiteLLM_AccessGroupTable_access_group_name_key" ON {schema}."LiteLLM_AccessGroupTable" (access_group_name);

CREATE TABLE {schema}."LiteLLM_MCPServerTable" (
    server_id TEXT NOT NULL,
    server_name TEXT,
    alias TEXT,
    description TEXT,
    url TEXT,
    transport TEXT NOT NULL DEFAULT 'sse',
    auth_type TEXT,
    credentials JSONB DEFAULT '{}',
    created_at TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP,
    created_by TEXT,
    updated_at TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP,
    updated_by TEXT,
    mcp_info JSONB DEFAULT '{}',
    mcp_access_groups TEXT[],
    allowed_tools TEXT[] DEFAULT ARRAY[]::TEXT[],
    extra_headers TEXT[] DEFAULT ARRAY[]::TEXT[],
    static_headers JSONB DEFAULT '{}',
    status TEXT DEFAULT 'unknown',
    last_health_check TIMESTAMP(3),
    health_check_error TEXT,
    command TEXT,
    args TEXT[] DEFAULT ARRAY[]::TEXT[],
    env JSONB DEFAULT '{}',
    authorization_url TEXT,
    token_url TEXT,
    registration_url TEXT,
    allow_all_keys BOOLEAN NOT NULL DEFAULT false,
    available_on_public_internet BOOLEAN NOT NULL DEFAULT false,
    CONSTRAINT "LiteLLM_MCPServerTable_pkey" PRIMARY KEY (server_id)
);

CREATE TABLE {schema}."LiteLLM_AuditLog" (
    id TEXT NOT NULL,
    updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    changed_by TEXT NOT NULL DEFAULT '',
    changed_by_api_key TEXT NOT NULL DEFAULT '',
    action TEXT NOT NULL,
    table_name TEXT NOT NULL,
    object_id TEXT NOT NULL,
    before_value JSONB,
    updated_values JSONB,
    CONSTRAINT "LiteLLM_AuditLog_pkey" PRIMARY KEY (id)
);

CREATE TABLE {schema}."LiteLLM_Config" (
    param_name TEXT NOT NULL,
    param_value JSONB,
    CONSTRAINT "LiteLLM_Config_pkey" PRIMARY KEY (param_name)
);

-- Prisma's own table: there only if the schema was made by "prisma migrate deploy", not by "prisma db push".
CREATE TABLE {schema}._prisma_migrations (
    id VARCHAR(36) NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT _prisma_migrations_pkey PRIMARY KEY (id)
);
INSERT INTO {schema}._prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
SELECT md5('id of ' || name)::uuid::text, md5(name) || md5('checksum of ' || name), name, now(), now(), 1
FROM unnest(ARRAY['20260212143306_add_access_group_table', '20260213170952_access_group_change_to_model_name']) AS name;

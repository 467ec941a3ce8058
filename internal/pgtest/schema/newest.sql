-- What changed up to the newest release whose migrations were read, v1.108: the permission row keeps growing, and groups
-- can limit the tools of their servers.

ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable"
    ADD COLUMN mcp_tool_search_enabled BOOLEAN,
    ADD COLUMN skills TEXT[] DEFAULT ARRAY[]::TEXT[];

ALTER TABLE {schema}."LiteLLM_AccessGroupTable"
    ADD COLUMN mcp_tool_permissions JSONB,
    ADD COLUMN access_skill_names TEXT[] DEFAULT ARRAY[]::TEXT[];

ALTER TABLE {schema}."LiteLLM_TeamTable" ADD COLUMN tpd_limit BIGINT;
ALTER TABLE {schema}."LiteLLM_DeletedTeamTable" ADD COLUMN tpd_limit BIGINT;

ALTER TABLE {schema}."LiteLLM_VerificationToken"
    ADD COLUMN key_type TEXT,
    ADD COLUMN tpd_limit BIGINT,
    ADD COLUMN total_spend DOUBLE PRECISION NOT NULL DEFAULT 0.0,
    ADD COLUMN budget_fallbacks JSONB NOT NULL DEFAULT '{}',
    ADD COLUMN settings_updated_at TIMESTAMP(3);
ALTER TABLE {schema}."LiteLLM_DeletedVerificationToken"
    ADD COLUMN key_type TEXT,
    ADD COLUMN tpd_limit BIGINT,
    ADD COLUMN total_spend DOUBLE PRECISION NOT NULL DEFAULT 0.0,
    ADD COLUMN budget_fallbacks JSONB NOT NULL DEFAULT '{}',
    ADD COLUMN settings_updated_at TIMESTAMP(3);

ALTER TABLE {schema}."LiteLLM_UserTable"
    ADD COLUMN last_breach_check_at TIMESTAMP(3),
    ADD COLUMN password_reset_required BOOLEAN;
ALTER TABLE {schema}."LiteLLM_EndUserTable" ADD COLUMN models TEXT[] DEFAULT ARRAY[]::TEXT[];
ALTER TABLE {schema}."LiteLLM_AgentsTable"
    ADD COLUMN access_group_ids TEXT[] DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN enabled BOOLEAN NOT NULL DEFAULT true,
    ADD COLUMN execution_mode TEXT NOT NULL DEFAULT 'autonomous',
    ADD COLUMN identity_managed BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN kill_switch JSONB;

ALTER TABLE {schema}."LiteLLM_MCPServerTable"
    ADD COLUMN audience TEXT,
    ADD COLUMN issuer TEXT,
    ADD COLUMN subject_token_type TEXT,
    ADD COLUMN token_exchange_endpoint TEXT,
    ADD COLUMN token_exchange_profile TEXT,
    ADD COLUMN oauth2_flow TEXT,
    ADD COLUMN oauth_passthrough BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN per_server_oauth_discovery BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN dcr_bridge BOOLEAN,
    ADD COLUMN env_vars JSONB DEFAULT '[]',
    ADD COLUMN pinned_tools JSONB DEFAULT '{}',
    ADD COLUMN max_concurrent_requests INTEGER,
    ADD COLUMN rpm INTEGER,
    ADD COLUMN timeout DOUBLE PRECISION;

ALTER TABLE {schema}."LiteLLM_Config"
    ADD COLUMN reload_revision BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN last_run_at TIMESTAMP(3);

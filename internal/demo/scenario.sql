-- LiteLLM's tables in the state of LiteLLM issue #27657: 301 teams, of which 4 tell the story.

INSERT INTO "LiteLLM_MCPServerTable" (server_id, server_name, alias, url, transport)
SELECT name || '-mcp', name, name, 'https://' || name || '.example/mcp', 'http'
FROM unnest(ARRAY['github', 'jira', 'wiki', 'sentry', 'grafana']) AS name;

INSERT INTO "LiteLLM_AccessGroupTable" (access_group_id, access_group_name, access_mcp_server_ids)
VALUES ('general', 'General', '{github-mcp}'),
       ('engineering', 'Engineering', '{grafana-mcp,sentry-mcp}');

-- In LiteLLM these ids are UUIDs; names make the tables of the tour readable.
INSERT INTO "LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers)
VALUES ('row-of-research', '{wiki-mcp}'),
       ('row-of-support', '{sentry-mcp}'),
       ('row-of-admins', '{all-proxy-mcpservers}'),
       ('row-of-laptop', '{github-mcp,wiki-mcp}');

INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, object_permission_id, access_group_ids)
VALUES ('users-local', 'Users', NULL, '{general}'),
       ('research', 'Research', 'row-of-research', '{general}'),
       ('support', 'Support', 'row-of-support', '{general}'),
       ('admins', 'Admins', 'row-of-admins', '{general}');

-- nightly belongs to no team and shares the row of a team.
INSERT INTO "LiteLLM_VerificationToken" (token, key_alias, team_id, object_permission_id)
VALUES (encode(sha256('ci'), 'hex'), 'ci', 'users-local', NULL),
       (encode(sha256('laptop'), 'hex'), 'laptop', 'users-local', 'row-of-laptop'),
       (encode(sha256('nightly'), 'hex'), 'nightly', NULL, 'row-of-support');

-- The crowd: 40 teams have the fault too, 237 are in sync, and 20 have no access group.
INSERT INTO "LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers)
SELECT md5('row ' || n)::uuid, '{grafana-mcp,sentry-mcp}' FROM generate_series(41, 277) AS n;

INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, object_permission_id, access_group_ids)
SELECT 'team-' || to_char(n, 'FM000'), 'Team ' || n, CASE WHEN n BETWEEN 41 AND 277 THEN md5('row ' || n)::uuid END,
       CASE WHEN n <= 277 THEN '{engineering}'::text[] ELSE '{}' END
FROM generate_series(1, 297) AS n;

UPDATE "LiteLLM_AccessGroupTable"
SET assigned_team_ids = ARRAY(SELECT team_id FROM "LiteLLM_TeamTable" WHERE access_group_id = ANY (access_group_ids));

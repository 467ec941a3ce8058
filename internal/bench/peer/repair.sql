-- Everything in one transaction. It does less than the program does: a row that
-- serves others too is not copied, and a ledger entry is not verified.
BEGIN;
SET LOCAL jit = off;
SET LOCAL work_mem = '256MB';

CREATE TEMPORARY TABLE drifted ON COMMIT DROP AS
SELECT t.team_id,
       coalesce(t.object_permission_id, gen_random_uuid()::text) AS row_id,
       t.object_permission_id IS NULL AS missing,
       t.access_group_ids AS groups,
       p.mcp_servers AS before,
       CASE WHEN coalesce(p.mcp_servers, '{}') = '{}'
            THEN ARRAY(SELECT DISTINCT s COLLATE "C" FROM unnest(u.servers) AS s ORDER BY 1)
            ELSE ARRAY(SELECT s FROM unnest(p.mcp_servers) WITH ORDINALITY AS r (s, place)
                       WHERE s = ANY (u.servers) OR s <> ALL (coalesce(o.servers, '{}')) ORDER BY place)
              || ARRAY(SELECT DISTINCT s COLLATE "C" FROM unnest(u.servers) AS s WHERE s <> ALL (p.mcp_servers) ORDER BY 1)
       END AS after,
       CASE WHEN coalesce(p.mcp_servers, '{}') <> '{}'
            THEN ARRAY(SELECT DISTINCT s COLLATE "C" FROM unnest(u.servers) AS s
                       WHERE s = ANY (o.servers) OR s <> ALL (p.mcp_servers) ORDER BY 1)
       END AS owned -- NULL where it is the same as after
FROM "LiteLLM_TeamTable" AS t
LEFT JOIN "LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)
LEFT JOIN by_hand.owned AS o ON o.team_id = t.team_id AND o.object_permission_id = t.object_permission_id
CROSS JOIN LATERAL (
    SELECT ARRAY(SELECT unnest(g.access_mcp_server_ids) FROM "LiteLLM_AccessGroupTable" AS g
                 WHERE g.access_group_id = ANY (t.access_group_ids)) AS servers
    OFFSET 0
) AS u
WHERE (NOT u.servers <@ coalesce(p.mcp_servers, '{}') OR NOT o.servers <@ u.servers)
  AND NOT 'all-proxy-mcpservers' = ANY (coalesce(p.mcp_servers, '{}'));
ANALYZE drifted (team_id, row_id, missing); -- statistics of long lists take a while

INSERT INTO "LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers)
SELECT row_id, after FROM drifted WHERE missing;

UPDATE "LiteLLM_TeamTable" AS t
SET object_permission_id = d.row_id
FROM drifted AS d
WHERE d.missing AND t.team_id = d.team_id AND t.object_permission_id IS NULL;

UPDATE "LiteLLM_ObjectPermissionTable" AS p
SET mcp_servers = d.after
FROM drifted AS d
WHERE NOT d.missing AND p.object_permission_id = d.row_id AND p.mcp_servers IS NOT DISTINCT FROM d.before;

INSERT INTO by_hand.owned (team_id, object_permission_id, servers)
SELECT team_id, row_id, coalesce(owned, after) FROM drifted
ON CONFLICT (team_id) DO UPDATE
SET object_permission_id = excluded.object_permission_id, servers = excluded.servers;

INSERT INTO by_hand.changes (team_id, object_permission_id, before, after, groups)
SELECT team_id, row_id, before, after, groups FROM drifted;
COMMIT;

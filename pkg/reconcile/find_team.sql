-- Teams that go by a name: as id in LiteLLM or in the ledger, else as alias.
SELECT DISTINCT f.team_id, f.by_id
FROM (
    SELECT t.team_id, t.team_id = $1 AS by_id FROM {litellm}."LiteLLM_TeamTable" AS t WHERE t.team_id = $1 OR t.team_alias = $1
    UNION ALL
    SELECT g.team_id, true FROM {ledger}.grants AS g WHERE g.team_id = $1
) AS f
ORDER BY f.team_id
LIMIT 11

-- Teams of the ledger that LiteLLM no longer has.
SELECT g.team_id, cardinality(g.servers) > 0
FROM {ledger}.grants AS g
WHERE NOT EXISTS (SELECT FROM {litellm}."LiteLLM_TeamTable" AS t WHERE t.team_id = g.team_id)

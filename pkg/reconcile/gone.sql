-- Teams of the ledger that LiteLLM no longer has. The first condition narrows them
-- down to some, or is not there.
SELECT g.team_id, cardinality(g.servers) > 0
FROM {ledger}.grants AS g
WHERE {some}
  NOT EXISTS (SELECT FROM {litellm}."LiteLLM_TeamTable" AS t WHERE t.team_id = g.team_id)

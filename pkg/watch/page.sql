-- The next team ids after $1, $2 at most: of teams that are there, and of those
-- that were when it was last read what they name.
SELECT team_id
FROM ((SELECT team_id FROM {litellm}."LiteLLM_TeamTable" WHERE team_id > $1 ORDER BY team_id LIMIT $2)
      UNION
      (SELECT team_id FROM {ledger}.teams WHERE team_id > $1 ORDER BY team_id LIMIT $2)) AS t
ORDER BY team_id
LIMIT $2

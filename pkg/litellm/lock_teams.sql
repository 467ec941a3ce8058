-- The weakest lock: it only keeps the team from being deleted, and lets
-- LiteLLM's spend updates pass. A group list that changes behind it is the
-- same as one that changes right after the commit: the next pass repairs it.
SELECT team_id
FROM {litellm}."LiteLLM_TeamTable"
WHERE team_id = ANY ($1)
ORDER BY team_id
FOR KEY SHARE SKIP LOCKED

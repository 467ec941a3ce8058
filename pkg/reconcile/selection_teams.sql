-- Which of the given names no team has as its id or alias.
SELECT w.name
FROM unnest($1::text[]) AS w (name)
WHERE NOT EXISTS (SELECT FROM {litellm}."LiteLLM_TeamTable" AS t WHERE t.team_id = w.name OR t.team_alias = w.name)

-- The lock that LiteLLM from v1.98 takes around a team's writes
-- (access_group_team_sync.py), and that keeps two reconcilers apart. Over the
-- ids, not the table: a filter on the table might lock teams it then discards.
SELECT id
FROM unnest($1::text[]) AS id
WHERE pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext(id))

-- As if all that the program granted had been granted by hand.
INSERT INTO by_hand.owned (team_id, object_permission_id, servers)
SELECT team_id, object_permission_id, servers
FROM litellm_reconciler.grants;
VACUUM ANALYZE by_hand.owned;

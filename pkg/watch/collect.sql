-- Takes the oldest entries. A transaction of LiteLLM that is not finished holds
-- the entries that stand for its changes.
DELETE FROM {ledger}.inbox
WHERE event_id = ANY (ARRAY(
    SELECT event_id FROM {ledger}.inbox ORDER BY event_id LIMIT $1 FOR UPDATE SKIP LOCKED))
RETURNING kind, key, changed_at

-- The triggers go with their function. That locks LiteLLM's tables for a moment,
-- and LiteLLM must not wait behind us for what holds them.
SET LOCAL lock_timeout = '1s';
DROP FUNCTION IF EXISTS {ledger}.litellm_reconciler_enqueue() CASCADE;
SET LOCAL lock_timeout = DEFAULT;
DROP TABLE IF EXISTS {ledger}.teams;
DROP TABLE IF EXISTS {ledger}.pending;
DROP TABLE IF EXISTS {ledger}.inbox;

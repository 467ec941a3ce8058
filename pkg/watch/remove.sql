-- With the function go the triggers, whoever owns the tables: DROP TRIGGER is
-- for the owner alone.
DROP FUNCTION IF EXISTS {ledger}.litellm_reconciler_enqueue() CASCADE

-- As the role that installs it, so that LiteLLM's needs no right. A lock is
-- hardly waited for: a lost entry costs less than a LiteLLM that waits. An inbox
-- that was empty when a session planned may be full by now.
CREATE OR REPLACE FUNCTION {ledger}.litellm_reconciler_enqueue() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '50ms'
SET enable_seqscan = off
AS $body${body}$body$;
REVOKE ALL ON FUNCTION {ledger}.litellm_reconciler_enqueue() FROM PUBLIC;
COMMENT ON FUNCTION {ledger}.litellm_reconciler_enqueue() IS
    'Tells litellm-reconciler what LiteLLM changed. Installed and removed by: litellm-reconciler migrate triggers'

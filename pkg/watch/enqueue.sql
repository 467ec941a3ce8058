
-- Runs in LiteLLM's transactions, so it neither fails nor waits, and only puts
-- down what was changed: the daemon finds out which teams that concerns.
DECLARE
    changed text;
    same    boolean;
BEGIN
    IF current_setting('litellm_reconciler.quiet', true) = TG_NAME THEN
        RETURN NULL; -- our own write
    END IF;
    CASE TG_ARGV[0]
    WHEN 'team' THEN
        changed := coalesce(NEW.team_id, OLD.team_id);
        same := OLD.access_group_ids IS NOT DISTINCT FROM NEW.access_group_ids
            AND OLD.object_permission_id IS NOT DISTINCT FROM NEW.object_permission_id;
    WHEN 'group' THEN
        changed := coalesce(NEW.access_group_id, OLD.access_group_id);
        same := OLD.access_mcp_server_ids IS NOT DISTINCT FROM NEW.access_mcp_server_ids;
    WHEN 'row' THEN
        changed := coalesce(NEW.object_permission_id, OLD.object_permission_id);
        same := OLD.mcp_servers IS NOT DISTINCT FROM NEW.mcp_servers;
    END CASE;
    IF TG_OP = 'UPDATE' AND same THEN
        RETURN NULL;
    END IF;
    -- An entry that nobody took yet is enough for this change too, once it is
    -- locked: the daemon passes over locked entries, so it cannot take this one
    -- before the change is committed. A stricter isolation level could fail here.
    IF current_setting('transaction_isolation') = 'read committed' THEN
        PERFORM FROM {ledger}.inbox AS i
        WHERE i.key = changed AND i.kind = TG_ARGV[0]
        LIMIT 1 FOR KEY SHARE SKIP LOCKED;
    END IF;
    IF NOT FOUND THEN
        INSERT INTO {ledger}.inbox (kind, key) VALUES (TG_ARGV[0], changed);
    END IF;
    -- A full notification queue would fail the commit, where nothing catches it.
    IF pg_notification_queue_usage() < 0.5 THEN
        PERFORM pg_notify(TG_NAME, '');
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    -- For the server's log alone; the next full pass finds the change.
    IF SQLSTATE = '55P03' THEN -- a lock; one wait is enough for a transaction
        PERFORM set_config('litellm_reconciler.quiet', TG_NAME, true);
    END IF;
    RAISE LOG 'litellm-reconciler did not notice a change of % %: %', TG_ARGV[0], changed, SQLERRM;
    RETURN NULL;
END

-- What this program did to LiteLLM's permission rows. No foreign key points
-- at LiteLLM's tables: LiteLLM may drop and create them as it likes.

CREATE TABLE {ledger}.runs (
    run_id       uuid PRIMARY KEY,
    started_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    trigger      text NOT NULL,
    policy       text NOT NULL,
    version      text NOT NULL,
    host         text NOT NULL,
    reverted_run uuid,
    result       text,
    repaired     integer,
    failed       integer
);
COMMENT ON TABLE {ledger}.runs IS 'Passes, reverts and adoptions that wrote something. A run without finished_at was interrupted or is running.';
COMMENT ON COLUMN {ledger}.runs.reverted_run IS 'The run that this one took back.';

CREATE TABLE {ledger}.grants (
    team_id              text PRIMARY KEY,
    object_permission_id text NOT NULL,
    servers              text[] NOT NULL,
    row_created          boolean NOT NULL,
    policy               text NOT NULL,
    union_hash           bigint NOT NULL,
    row_hash             bigint NOT NULL,
    revoked              text[] NOT NULL DEFAULT '{}',
    revoked_at           timestamptz,
    former               jsonb NOT NULL DEFAULT '{}',
    run_id               uuid NOT NULL,
    updated_at           timestamptz NOT NULL
);
COMMENT ON TABLE {ledger}.grants IS 'What this program owns of each team''s permission row.';
COMMENT ON COLUMN {ledger}.grants.servers IS 'Entries of mcp_servers that this program granted and may take out again.';
COMMENT ON COLUMN {ledger}.grants.revoked IS 'Entries taken out lately: taken out again should a late write of LiteLLM bring them back.';
COMMENT ON COLUMN {ledger}.grants.former IS 'Rows that the team had before, and what was owned in each: LiteLLM may give one back.';
CREATE INDEX grants_object_permission_id_idx ON {ledger}.grants (object_permission_id);
COMMENT ON COLUMN {ledger}.grants.row_created IS 'Whether this program made the row.';
COMMENT ON COLUMN {ledger}.grants.union_hash IS 'hash_array_extended of the sorted union of the groups when this was written.';
COMMENT ON COLUMN {ledger}.grants.row_hash IS 'hash_array_extended of mcp_servers when this was written. Both equal means: still in sync.';

CREATE TABLE {ledger}.changes (
    change_id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id               uuid NOT NULL,
    changed_at           timestamptz NOT NULL DEFAULT now(),
    team_id              text NOT NULL,
    object_permission_id text NOT NULL,
    previous_row         text,
    action               text NOT NULL
        CHECK (action IN ('created', 'copied', 'updated', 'unlinked', 'relinked', 'adopted', 'disowned')),
    before               text[],
    after                text[] NOT NULL,
    granted_by           text NOT NULL
);
COMMENT ON TABLE {ledger}.changes IS 'Every change of a permission row, in the transaction that made it; easier to read as history.';
COMMENT ON COLUMN {ledger}.changes.object_permission_id IS 'What the team points at since; what it pointed at, where it was unlinked.';
COMMENT ON COLUMN {ledger}.changes.previous_row IS 'What the team pointed at before, where that is another row.';
COMMENT ON COLUMN {ledger}.changes.before IS 'mcp_servers before; NULL where there was no row, or NULL in it.';
-- Text, because parsing jsonb takes longer than writing the row.
COMMENT ON COLUMN {ledger}.changes.granted_by IS 'JSON: access group id to the positions in after, from 1, of the added or adopted entries that it grants.';

CREATE INDEX changes_team_id_idx ON {ledger}.changes (team_id, change_id);
-- The log grows by time, and ids of runs begin with theirs, so that a few pages
-- of summaries are enough. A foreign key to runs would be verified row by row.
CREATE INDEX changes_run_id_idx ON {ledger}.changes USING brin (run_id) WITH (autosummarize = on);
CREATE INDEX changes_changed_at_idx ON {ledger}.changes USING brin (changed_at) WITH (autosummarize = on);

-- The change log in full. What follows from before and after is not stored:
-- rows below 2 kB are written several times faster than larger ones.
CREATE VIEW {ledger}.history AS
SELECT c.change_id, c.changed_at, c.run_id, c.team_id, c.object_permission_id, c.previous_row, c.action,
       c.before, c.after,
       ARRAY(SELECT s FROM unnest(c.after) AS s WHERE NOT s = ANY (coalesce(c.before, '{}'))) AS added,
       ARRAY(SELECT DISTINCT s FROM unnest(c.before) AS s WHERE NOT s = ANY (c.after) ORDER BY s) AS removed,
       (SELECT coalesce(jsonb_object_agg(e.server, e.groups), '{}')
        FROM (SELECT c.after[p.n::integer] AS server, jsonb_agg(g.id ORDER BY g.id) AS groups
              FROM jsonb_each(c.granted_by::jsonb) AS g (id, positions)
              CROSS JOIN jsonb_array_elements_text(g.positions) AS p (n)
              GROUP BY 1) AS e) AS granted_by
FROM {ledger}.changes AS c;
COMMENT ON VIEW {ledger}.history IS 'The change log: entries added and removed, and for each added entry the access groups that grant it.';

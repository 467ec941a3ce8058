-- What this program did to LiteLLM's permission rows. No foreign key points
-- at LiteLLM's tables: LiteLLM may drop and create them as it likes.

CREATE TABLE {ledger}.runs (
    run_id      uuid PRIMARY KEY,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    trigger     text NOT NULL,
    policy      text NOT NULL,
    version     text NOT NULL,
    host        text NOT NULL,
    result      text,
    repaired    integer,
    failed      integer
);
COMMENT ON TABLE {ledger}.runs IS 'Passes that wrote something. A run without finished_at was interrupted or is running.';

CREATE TABLE {ledger}.grants (
    team_id              text PRIMARY KEY,
    object_permission_id text NOT NULL,
    servers              text[] NOT NULL,
    row_created          boolean NOT NULL,
    policy               text NOT NULL,
    union_hash           bigint NOT NULL,
    row_hash             bigint NOT NULL,
    run_id               uuid NOT NULL,
    updated_at           timestamptz NOT NULL
);
COMMENT ON TABLE {ledger}.grants IS 'What this program owns of each team''s permission row.';
COMMENT ON COLUMN {ledger}.grants.servers IS 'Entries of mcp_servers that this program granted and may take out again.';
COMMENT ON COLUMN {ledger}.grants.row_created IS 'Whether this program made the row.';
COMMENT ON COLUMN {ledger}.grants.union_hash IS 'hash_array_extended of the sorted union of the groups when this was written.';
COMMENT ON COLUMN {ledger}.grants.row_hash IS 'hash_array_extended of mcp_servers when this was written. Both equal means: still in sync.';

CREATE TABLE {ledger}.changes (
    change_id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id               uuid NOT NULL REFERENCES {ledger}.runs,
    changed_at           timestamptz NOT NULL DEFAULT now(),
    team_id              text NOT NULL,
    object_permission_id text NOT NULL,
    previous_row         text,
    action               text NOT NULL CHECK (action IN ('created', 'copied', 'updated')),
    before               text[],
    after                text[] NOT NULL,
    added                text[] NOT NULL,
    removed              text[] NOT NULL,
    granted_by           jsonb NOT NULL
);
COMMENT ON TABLE {ledger}.changes IS 'Every change of a permission row, in the transaction that made it.';
COMMENT ON COLUMN {ledger}.changes.previous_row IS 'What the team pointed at before, where it was relinked.';
COMMENT ON COLUMN {ledger}.changes.before IS 'mcp_servers before; NULL where there was no row.';
COMMENT ON COLUMN {ledger}.changes.granted_by IS 'Access group id to the added entries it grants.';

CREATE INDEX changes_team_id_idx ON {ledger}.changes (team_id, change_id);
CREATE INDEX changes_run_id_idx ON {ledger}.changes (run_id);

-- What LiteLLM changed, and which teams are to be looked at for it. Triggers on
-- LiteLLM's tables, which are opt-in, fill the inbox; the daemon does the rest.

CREATE TABLE {ledger}.inbox (
    event_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,
    key        text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
)
-- Giving empty pages back takes a lock that LiteLLM's writes would wait for.
WITH (vacuum_truncate = off);
COMMENT ON TABLE {ledger}.inbox IS 'Teams, access groups and permission rows that LiteLLM changed: one entry each, a few where changes overlap.';
COMMENT ON COLUMN {ledger}.inbox.kind IS 'What the key is the id of: team, group or row.';
-- Not unique: who inserts must not wait for who deletes.
CREATE INDEX inbox_key_idx ON {ledger}.inbox (key, kind);

CREATE TABLE {ledger}.pending (
    team_id    text PRIMARY KEY,
    generation bigint GENERATED ALWAYS AS IDENTITY,
    changed_at timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    attempts   integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE {ledger}.pending IS 'Teams to be repaired, each until the transaction that repaired it.';
COMMENT ON COLUMN {ledger}.pending.generation IS 'Another one after each change: a repair that began before takes nothing off.';
COMMENT ON COLUMN {ledger}.pending.changed_at IS 'The oldest change that is not repaired.';
CREATE INDEX pending_due_at_idx ON {ledger}.pending (due_at);

CREATE TABLE {ledger}.teams (
    team_id              text PRIMARY KEY,
    object_permission_id text,
    groups               text[] NOT NULL
);
COMMENT ON TABLE {ledger}.teams IS 'Which access groups and which row each team names, once its changes are out of the inbox: LiteLLM indexes neither.';
CREATE INDEX teams_groups_idx ON {ledger}.teams USING gin (groups) WITH (fastupdate = off);
CREATE INDEX teams_object_permission_id_idx ON {ledger}.teams (object_permission_id);

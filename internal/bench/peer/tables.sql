-- What whoever writes it by hand has to remember: which entries are not an
-- administrator's, and what was changed, when and for which groups.
CREATE SCHEMA by_hand;
CREATE TABLE by_hand.owned (
    team_id              text PRIMARY KEY,
    object_permission_id text NOT NULL,
    servers              text[] NOT NULL
);
CREATE TABLE by_hand.changes (
    changed_at           timestamptz NOT NULL DEFAULT now(),
    team_id              text NOT NULL,
    object_permission_id text NOT NULL,
    before               text[],
    after                text[] NOT NULL,
    groups               text[] NOT NULL
);

-- Which of several copies of the daemon leads. One row, made by the first copy
-- that asks for it, and again by the next one where somebody deleted it.
CREATE TABLE {ledger}.lease (
    name        text PRIMARY KEY,
    holder      text NOT NULL,
    term        bigint NOT NULL,
    acquired_at timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL
);
COMMENT ON TABLE {ledger}.lease IS 'Which copy of the daemon leads. Deleting the row has the copies elect anew.';
COMMENT ON COLUMN {ledger}.lease.holder IS 'The copy that leads, or led last: its host and a random text.';
COMMENT ON COLUMN {ledger}.lease.term IS 'Grows with every takeover. Each repair transaction verifies the term it was started under.';
COMMENT ON COLUMN {ledger}.lease.expires_at IS 'Renewed well before. Once it is past, by the clock of the database, any copy may take over.';

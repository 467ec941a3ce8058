-- A row, if this term still leads. It is locked to the end of the transaction:
-- nobody takes over before, and a renewal is not held up.
SELECT name FROM {ledger}.lease
WHERE name = 'daemon' AND holder = $1 AND term = $2 AND expires_at > clock_timestamp()
FOR KEY SHARE

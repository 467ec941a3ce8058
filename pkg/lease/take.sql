-- Takes the lease over where it is free. FOR UPDATE waits for the transactions
-- that hold the fence of the term before; nothing is locked, and nobody waits,
-- while somebody else has it. One statement, so that what is updated is what
-- was found free and locked. The holder itself may take its own: it lost touch
-- with it. The term is higher than any this copy has seen, even where the
-- database has lost the last ones in a failover.
WITH free AS (
    SELECT name FROM {ledger}.lease
    WHERE name = 'daemon' AND (expires_at <= clock_timestamp() OR holder = $1)
    FOR UPDATE
)
UPDATE {ledger}.lease AS l
SET holder = $1, term = greatest(l.term, $2) + 1,
    acquired_at = clock_timestamp(), expires_at = clock_timestamp() + $3::interval
FROM free
WHERE l.name = free.name

-- Whatever this copy may hold, of any term, is free from now on.
WITH resigned AS (
    UPDATE {ledger}.lease
    SET expires_at = clock_timestamp()
    WHERE name = 'daemon' AND holder = $1 AND expires_at > clock_timestamp()
    RETURNING name
)
SELECT pg_notify($2, '') FROM resigned

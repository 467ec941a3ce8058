-- No key column is written, so this waits for no transaction that holds the
-- fence. What has expired is not renewed but won again, with a new term.
UPDATE {ledger}.lease
SET expires_at = clock_timestamp() + $3::interval
WHERE name = 'daemon' AND holder = $1 AND term = $2 AND expires_at > clock_timestamp()

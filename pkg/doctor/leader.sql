-- The copy of the daemon that leads, if one does.
SELECT holder || ', term ' || term
FROM {ledger}.lease
WHERE name = 'daemon' AND expires_at > clock_timestamp()

SELECT holder, term, expires_at - clock_timestamp()
FROM {ledger}.lease
WHERE name = 'daemon'

-- What nobody will keep up to date any more.
WITH inbox AS (DELETE FROM {ledger}.inbox), pending AS (DELETE FROM {ledger}.pending)
DELETE FROM {ledger}.teams

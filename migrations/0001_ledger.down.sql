DROP VIEW IF EXISTS {ledger}.history;
DROP TABLE IF EXISTS {ledger}.changes;
DROP TABLE IF EXISTS {ledger}.grants;
DROP TABLE IF EXISTS {ledger}.runs;

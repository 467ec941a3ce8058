DROP VIEW {ledger}.history;
DROP TABLE {ledger}.changes;
DROP TABLE {ledger}.grants;
DROP TABLE {ledger}.runs;

DROP TABLE {ledger}.changes;
DROP TABLE {ledger}.grants;
DROP TABLE {ledger}.runs;

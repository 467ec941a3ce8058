DROP TABLE IF EXISTS {ledger}.lease;

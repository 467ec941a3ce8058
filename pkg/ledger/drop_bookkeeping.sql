DROP TABLE IF EXISTS {ledger}.schema_version, {ledger}.migration_lock

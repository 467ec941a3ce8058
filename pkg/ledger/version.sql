SELECT coalesce(max(version_id), 0)
FROM {ledger}.schema_version
WHERE is_applied

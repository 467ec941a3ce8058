-- The row, the first time and after somebody deleted it. It is free.
INSERT INTO {ledger}.lease (name, holder, term, acquired_at, expires_at)
VALUES ('daemon', '', 0, 'epoch', 'epoch')
ON CONFLICT (name) DO NOTHING

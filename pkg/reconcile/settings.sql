-- For this transaction only: a session may be PgBouncer's, and serve others.
SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)

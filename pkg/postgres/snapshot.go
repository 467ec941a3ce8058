package postgres

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const beginSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = %d; SET LOCAL jit = off; SET LOCAL search_path = pg_catalog`

// Snapshot begins one snapshot that the server keeps from writing. The limits
// are LOCAL, because the session may be PgBouncer's and serve others; compiling
// statements that look would take longer than it saves.
func Snapshot(lockTimeout, statementTimeout time.Duration) pgx.TxOptions {
	return pgx.TxOptions{BeginQuery: fmt.Sprintf(beginSnapshot,
		max(lockTimeout.Milliseconds(), 1), max(statementTimeout.Milliseconds(), 1))} // 0 would be no limit
}

package postgres

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const beginSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = %d; SET LOCAL jit = off; SET LOCAL search_path = pg_catalog`

// ByKeys are settings for a transaction that finds a few things by their keys.
// Where statistics lag behind, the planner would rather read whole tables for
// them, or compile what is done in milliseconds.
const ByKeys = `SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off`

// Snapshot begins one snapshot that the server keeps from writing. The limits
// are LOCAL, because the session may be PgBouncer's and serve others; compiling
// statements that look would take longer than it saves.
func Snapshot(lockTimeout, statementTimeout time.Duration) pgx.TxOptions {
	return pgx.TxOptions{BeginQuery: fmt.Sprintf(beginSnapshot,
		max(lockTimeout.Milliseconds(), 1), max(statementTimeout.Milliseconds(), 1))} // 0 would be no limit
}

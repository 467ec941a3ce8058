package lease

import (
	_ "embed"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"litellm-reconciler/pkg/postgres"
)

//go:embed fence.sql
var fenceSQL string

// ErrLost is wrapped when a term is over: its lease expired or was taken over.
// What was begun under it must not be committed.
var ErrLost = errors.New("the lease is lost")

// Fence is a term of one holder. A transaction that begins with it cannot be
// committed after another copy has taken over.
type Fence struct {
	Holder string
	Term   int64
}

// Queue queues the check that the term still leads. It has to come first in a
// transaction, which has to be READ COMMITTED, as renewals go on beside it. An
// error that wraps ErrLost says that the term is over.
func (f Fence) Queue(q *pgx.Batch, names postgres.Names) {
	q.Queue(names.SQL(fenceSQL), f.Holder, f.Term).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() == 0 {
			return fmt.Errorf("verifying term %d of the lease: %w", f.Term, ErrLost)
		}
		return nil
	})
}

// IdleTimeout is the idle_in_transaction_session_timeout for transactions that
// begin with a fence. A copy that freezes in such a transaction keeps the next
// one from taking over until the server ends its session; with this limit that
// happens before the lease expires, if it froze while it trusted the lease.
func IdleTimeout(duration time.Duration) time.Duration { return part(duration, expires-trusted) }

// Channel is what a copy that resigns notifies. The name needs no quotes.
func Channel(names postgres.Names) string {
	// Schemas may have names as long as a channel's may be.
	return fmt.Sprintf("litellm_reconciler_lease_%08x", crc32.ChecksumIEEE([]byte(names.Ledger)))
}

// Rights are the privileges that holding the lease needs, and the fence.
func Rights(names postgres.Names) []postgres.Right {
	rights := []postgres.Right{{Schema: names.Ledger, Privilege: "USAGE"}}
	for _, p := range []string{"SELECT", "INSERT", "UPDATE"} {
		rights = append(rights, postgres.Right{Schema: names.Ledger, Table: "lease", Privilege: p})
	}
	return rights
}

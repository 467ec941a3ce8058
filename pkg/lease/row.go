package lease

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"litellm-reconciler/pkg/postgres"
)

//go:embed limit_wait.sql
var limitWaitSQL string

//go:embed insert.sql
var insertSQL string

//go:embed take.sql
var takeSQL string

//go:embed evict.sql
var evictSQL string

//go:embed look.sql
var lookSQL string

//go:embed renew.sql
var renewSQL string

//go:embed resign.sql
var resignSQL string

// row is the lease as the database shows it.
type row struct {
	holder string
	term   int64
	left   time.Duration
}

// campaign takes the lease if it is free, and returns it as it is then. All of
// it is one message to the server, which commits it as one transaction: a copy
// that freezes leaves no lock behind. PgBouncer keeps it on one session.
func (l *Lease) campaign(ctx context.Context, seen int64) (r row, won bool, err error) {
	wait := max(l.part(attemptLimit).Milliseconds(), 1) // 0 would be no limit
	var q pgx.Batch
	var tag pgconn.CommandTag
	q.Queue(limitWaitSQL, strconv.FormatInt(wait, 10))
	q.Queue(l.Names.SQL(insertSQL))
	q.Queue(l.Names.SQL(takeSQL), l.holder, seen, l.Duration).Exec(into(&tag))
	q.Queue(l.Names.SQL(lookSQL)).QueryRow(func(found pgx.Row) error {
		return found.Scan(&r.holder, &r.term, &r.left)
	})
	if err := l.send(ctx, l.part(campaignLimit), &q); err != nil {
		if postgres.TimedOut(err) { // the lock is held since before the lease expired
			l.evict(ctx)
		}
		return row{}, false, fmt.Errorf("campaigning for the lease: %w", err)
	}
	return r, tag.RowsAffected() == 1, nil
}

// evict ends what keeps a lease from being taken that has expired, should it be
// a session whose client does not go on. The next campaign finds it free.
func (l *Lease) evict(ctx context.Context) {
	var q pgx.Batch
	var tag pgconn.CommandTag
	q.Queue(l.Names.SQL(evictSQL), IdleTimeout(l.Duration)).Exec(into(&tag))
	switch err := l.send(ctx, l.part(attemptLimit), &q); {
	case err != nil:
		l.log.DebugContext(ctx, "sessions that hold an expired lease were not looked for", "error", err)
	case tag.RowsAffected() > 0:
		l.log.WarnContext(ctx, "ended sessions of a former leader that held the lease", "sessions", tag.RowsAffected())
	}
}

// renew returns an error that wraps ErrLost where the term is over, and another
// one where that is not known.
func (l *Lease) renew(ctx context.Context, f Fence, patience time.Duration) error {
	var q pgx.Batch
	var tag pgconn.CommandTag
	q.Queue(l.Names.SQL(renewSQL), f.Holder, f.Term, l.Duration).Exec(into(&tag))
	err := l.send(ctx, patience, &q)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrLost
	}
	if err != nil {
		return fmt.Errorf("renewing term %d of the lease: %w", f.Term, err)
	}
	return nil
}

// resign hands the lease over, if this copy has it.
func (l *Lease) resign(ctx context.Context) {
	var q pgx.Batch
	var tag pgconn.CommandTag
	q.Queue(l.Names.SQL(resignSQL), l.holder, Channel(l.Names)).Exec(into(&tag))
	err := l.send(context.WithoutCancel(ctx), min(l.part(attemptLimit), resignLimit), &q)
	l.trust(time.Time{})
	switch {
	case err != nil:
		l.log.WarnContext(ctx, "the lease, if this copy has it, was not handed over: it has to expire", "error", err)
	case tag.RowsAffected() == 1:
		l.log.InfoContext(ctx, "handed the lease over")
	}
}

func into(tag *pgconn.CommandTag) func(pgconn.CommandTag) error {
	return func(t pgconn.CommandTag) error {
		*tag = t
		return nil
	}
}

// send keeps a connection, and takes a new one after an error: a server that was
// demoted refuses to write for as long as a session lasts.
func (l *Lease) send(ctx context.Context, patience time.Duration, q *pgx.Batch) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if l.conn == nil {
		conn, err := pgx.ConnectConfig(ctx, l.database)
		if err != nil {
			return postgres.Explain(err)
		}
		l.conn = conn
	}
	err := l.conn.SendBatch(ctx, q).Close()
	if err != nil {
		l.disconnect(ctx)
	}
	if postgres.MissingRight(err) { // which one, would take time to ask
		err = fmt.Errorf("%w: a right is missing, run as the owner of the tables: %s",
			err, postgres.GrantStatements(Rights(l.Names), l.database.User))
	}
	return postgres.Explain(err)
}

func (l *Lease) disconnect(ctx context.Context) {
	if l.conn != nil {
		_ = l.conn.Close(ctx) // the session ends in any case
		l.conn = nil
	}
}

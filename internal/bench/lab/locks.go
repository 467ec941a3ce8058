package lab

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// locks watches how long transactions hold locks on rows. Such a lock is on the row itself and not in pg_locks, but the
// first of them gives its transaction an id, and a lock on that id is in pg_locks until the transaction ends and lets go
// of all its rows at once. Sampled, a transaction lasted at most from the sample before the first that saw it to the one
// after the last.
type locks struct {
	conn *pgx.Conn
	stop context.CancelFunc
	done sync.WaitGroup
	err  error

	seen    map[lockHolder]time.Time // the sample before the first that saw it
	longest time.Duration
}

type lockHolder struct{ xid, pid uint32 }

const (
	lockInterval = 5 * time.Millisecond
	lockHolders  = `SELECT transactionid::text::bigint, pid FROM pg_locks
		WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted AND pid <> ALL ($1::int[])`
)

// watchLocks starts to sample. Locks of the processes in ignore are LiteLLM's own.
func (l *Lab) watchLocks(ctx context.Context, ignore []uint32) (*locks, error) {
	w := &locks{seen: map[lockHolder]time.Time{}}
	ctx, w.stop = context.WithCancel(ctx)
	var err error
	if w.conn, err = pgx.Connect(ctx, l.server.URL("postgres")); err != nil {
		w.stop()
		return nil, fmt.Errorf("connecting to watch locks: %w", err)
	}
	w.done.Go(func() {
		tick := time.NewTicker(lockInterval)
		defer tick.Stop()
		last := time.Now()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			began := time.Now()
			holders, err := w.sample(ctx, ignore)
			if err != nil {
				if ctx.Err() == nil {
					w.err = fmt.Errorf("watching locks: %w", err)
				}
				return
			}
			w.observe(holders, last, time.Now())
			last = began
		}
	})
	return w, nil
}

func (w *locks) sample(ctx context.Context, ignore []uint32) ([]lockHolder, error) {
	rows, err := w.conn.Query(ctx, lockHolders, ignore)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (h lockHolder, err error) {
		err = row.Scan(&h.xid, &h.pid)
		return h, err
	})
}

// observe takes who held locks in a sample that was made after before and ended by now.
func (w *locks) observe(holders []lockHolder, before, now time.Time) {
	still := make(map[lockHolder]time.Time, len(holders))
	for _, h := range holders {
		since, known := w.seen[h]
		if !known {
			since = before
		}
		still[h] = since
	}
	for h, since := range w.seen {
		if _, held := still[h]; !held { // it ended between the last sample and this one
			w.longest = max(w.longest, now.Sub(since))
		}
	}
	w.seen = still
}

// close stops to sample and returns the longest time.
func (w *locks) close(ctx context.Context) (time.Duration, error) {
	w.stop()
	w.done.Wait()
	_ = w.conn.Close(context.WithoutCancel(ctx))
	return w.longest, w.err
}

package watch

import (
	"context"
	_ "embed"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed take.sql
var takeSQL string

//go:embed done.sql
var doneSQL string

//go:embed retry.sql
var retrySQL string

//go:embed backlog.sql
var backlogSQL string

// How long a team waits after it failed once, and at most.
const (
	firstRetry = time.Second
	lastRetry  = 5 * time.Minute
)

// Item is a team that was taken.
type Item struct {
	Team string
	// generation tells a change that came after the team was taken.
	generation int64
}

// Take returns the teams that are due, at most limit, those that wait longest
// first. They stay in the queue: who takes them may crash.
func (w Watch) Take(ctx context.Context, limit int) (items []Item, err error) {
	err = w.transact(ctx, w.LockTimeout, byKeys, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, w.Names.SQL(takeSQL), limit)
		if err != nil {
			return err
		}
		items, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (i Item, err error) {
			return i, row.Scan(&i.Team, &i.generation)
		})
		return err
	})
	return items, w.failed(ctx, "taking teams off the queue", err)
}

// QueueDone queues the removal of these teams. It belongs into the transaction
// that repaired them, after what it read of them. A team that was changed since
// it was taken stays. Of those that go, done hears how long ago the transaction
// began that changed them.
func QueueDone(q *pgx.Batch, names postgres.Names, items []Item, done func(waited time.Duration)) {
	teams, generations := arrays(items)
	q.Queue(names.SQL(doneSQL), teams, generations).Query(func(rows pgx.Rows) error {
		var waited time.Duration
		_, err := pgx.ForEachRow(rows, []any{&waited}, func() error {
			done(max(waited, 0)) // the clock of the database may have been set
			return nil
		})
		return err
	})
}

// Retry has teams that could not be repaired wait, longer each time.
func (w Watch) Retry(ctx context.Context, items []Item) error {
	err := w.transact(ctx, w.LockTimeout, byKeys, func(tx pgx.Tx) error {
		teams, generations := arrays(items)
		_, err := tx.Exec(ctx, w.Names.SQL(retrySQL), teams, generations, firstRetry, lastRetry)
		return err
	})
	return w.failed(ctx, "putting teams back into the queue", err)
}

// Backlog is what waits in the queue.
type Backlog struct {
	// Entries are changes not yet collected, Teams those that are pending, of
	// which so many are Due.
	Entries, Teams, Due int
	// Oldest is the age of the oldest change, 0 where nothing waits.
	Oldest time.Duration
}

// Backlog tells what waits.
func (w Watch) Backlog(ctx context.Context) (b Backlog, err error) {
	err = w.transact(ctx, w.LockTimeout, "", func(tx pgx.Tx) error {
		var seconds *float64
		if err := tx.QueryRow(ctx, w.Names.SQL(backlogSQL)).Scan(&b.Entries, &b.Teams, &b.Due, &seconds); err != nil {
			return err
		}
		if seconds != nil {
			b.Oldest = max(time.Duration(*seconds*float64(time.Second)), 0)
		}
		return nil
	})
	return b, w.failed(ctx, "reading the queue's length", err)
}

// arrays are sorted, so that everybody locks teams in one order.
func arrays(items []Item) (teams []string, generations []int64) {
	sorted := slices.SortedFunc(slices.Values(items), func(a, b Item) int { return strings.Compare(a.Team, b.Team) })
	for _, i := range sorted {
		teams, generations = append(teams, i.Team), append(generations, i.generation)
	}
	return teams, generations
}

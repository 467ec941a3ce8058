package watch

import (
	"context"
	_ "embed"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed refresh.sql
var refreshSQL string

//go:embed page.sql
var pageSQL string

//go:embed collect.sql
var collectSQL string

//go:embed expand.sql
var expandSQL string

// unhurried has the commit not wait for the disk: after a crash of the server the
// entries are in the inbox still, or again.
const unhurried = "; SET LOCAL synchronous_commit = off"

const (
	// collectSize is how many entries are taken in one transaction.
	collectSize = 1000
	// pageSize is how many teams are read again in one, which Collect waits for.
	pageSize = 2000
)

// Refresh reads again which groups and which row every team names. What changes
// while the triggers are there is followed by itself; this is for the time
// before. It goes on from team to team, while changes are collected.
func (w Watch) Refresh(ctx context.Context) error {
	last := ""
	for n := pageSize; n == pageSize; {
		err := w.alone(ctx, byKeys+unhurried, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, w.Names.SQL(pageSQL), last, pageSize)
			if err != nil {
				return err
			}
			teams, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if n = len(teams); err != nil || n == 0 {
				return err
			}
			last = teams[n-1]
			_, err = tx.Exec(ctx, w.Names.SQL(refreshSQL), teams)
			return err
		})
		if err != nil {
			return w.failed(ctx, "reading what the teams name", err)
		}
	}
	return nil
}

// Collect empties the inbox into the teams that are pending, and returns how
// many entries there were.
func (w Watch) Collect(ctx context.Context) (entries int, err error) {
	for n := collectSize; n == collectSize; entries += n {
		if n, err = w.collect(ctx); err != nil {
			return entries, w.failed(ctx, "collecting what LiteLLM changed", err)
		}
	}
	return entries, nil
}

// collect takes some entries, in a transaction. What is read after them is at
// least as new as the changes that they stand for, because each statement sees
// what is committed by then.
func (w Watch) collect(ctx context.Context) (taken int, err error) {
	return taken, w.alone(ctx, byKeys+unhurried, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, w.Names.SQL(collectSQL), collectSize)
		if err != nil {
			return err
		}
		var kinds, keys []string
		var times []time.Time
		var teams []string
		var kind, key string
		var changed time.Time
		_, err = pgx.ForEachRow(rows, []any{&kind, &key, &changed}, func() error {
			kinds, keys, times = append(kinds, kind), append(keys, key), append(times, changed)
			if kind == "team" {
				teams = append(teams, key)
			}
			return nil
		})
		if taken = len(keys); err != nil || taken == 0 {
			return err
		}
		var q pgx.Batch
		q.Queue(w.Names.SQL(refreshSQL), teams)
		q.Queue(w.Names.SQL(expandSQL), kinds, keys, times)
		return tx.SendBatch(ctx, &q).Close()
	})
}

package ledger

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/pkg/postgres"
)

//go:embed start_run.sql
var startRunSQL string

//go:embed finish_run.sql
var finishRunSQL string

//go:embed unhurried.sql
var unhurriedSQL string

// queueStart records the run with its first batch: a pass that has nothing to
// write leaves no trace.
func (r Run) queueStart(q *pgx.Batch, names postgres.Names) {
	q.Queue(names.SQL(startRunSQL), r.ID, r.Started, r.Trigger, string(r.Policy), r.Version, r.Host, r.Reverts)
}

// Finish records how the run ended, if it wrote anything. With durable it waits
// until that, and all that was committed before, is on the disk of the server.
func (r Run) Finish(ctx context.Context, pool *pgxpool.Pool, names postgres.Names, at time.Time, result string, repaired, failed int, durable bool) error {
	var q pgx.Batch
	if !durable {
		q.Queue(unhurriedSQL)
	}
	q.Queue(names.SQL(finishRunSQL), r.ID, at, result, repaired, failed)
	if err := pool.SendBatch(ctx, &q).Close(); err != nil {
		return fmt.Errorf("recording the end of the run: %w", err)
	}
	return nil
}

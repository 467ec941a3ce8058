package trigger

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const (
	firstRetry = time.Second
	maxRetry   = 30 * time.Second
)

// Loop runs passes one after the other.
type Loop struct {
	// Schedule says when a pass is due.
	Schedule Schedule
	// Pass runs one pass. It gets the context of Run: a pass that should not be
	// cut off by a shutdown has to detach itself from it.
	Pass func(ctx context.Context) error
	// Wake, if set, has a pass run before it is due. It is not heeded while the
	// loop waits to try again.
	Wake <-chan struct{}
	// Random returns numbers in [0, 1) to spread retries with.
	Random func() float64
	// Log is told, at debug level, when the next pass is due.
	Log *slog.Logger
}

// Run runs a pass at once, and then whenever one is due, until ctx is done. It
// returns after the pass in progress has.
//
// The next time is computed when a pass has ended: times that went by meanwhile
// are skipped, not queued. After an error the next pass comes sooner, after a
// wait that doubles with each failure in a row, from a second to half a minute,
// but never later than the schedule says. An error marked by AwaitSchedule
// waits for the schedule.
func (l Loop) Run(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		err := l.Pass(ctx)
		if err == nil || errors.As(err, new(awaitSchedule)) {
			failures = 0
		} else {
			failures++
		}
		l.wait(ctx, failures)
	}
}

// wait returns when the next pass is due, or ctx is done.
func (l Loop) wait(ctx context.Context, failures int) {
	now := time.Now()
	next := l.Schedule.Next(now)
	if failures > 0 {
		if retry := now.Add(l.backoff(failures)); retry.Before(next) {
			next = retry
		}
	}
	l.Log.DebugContext(ctx, "next pass", "at", next, "failures", failures)

	wake := l.Wake
	if failures > 0 {
		wake = nil
	}
	due := time.NewTimer(next.Sub(now))
	defer due.Stop()
	select {
	case <-due.C:
	case <-wake:
	case <-ctx.Done():
	}
}

// backoff returns a time between half of the wait and all of it, so that
// replicas that failed together do not come back together.
func (l Loop) backoff(failures int) time.Duration {
	limit := min(l.Schedule.Period(), maxRetry)
	wait := firstRetry
	for range failures - 1 {
		if wait >= limit {
			break
		}
		wait *= 2
	}
	return scale(min(wait, limit), 0.5+0.5*l.Random())
}

// AwaitSchedule marks err as one that an early retry cannot cure, such as a
// pass refused by a limit. The loop waits for the schedule instead.
func AwaitSchedule(err error) error {
	if err == nil {
		return nil
	}
	return awaitSchedule{err}
}

type awaitSchedule struct{ error }

func (a awaitSchedule) Unwrap() error { return a.error }

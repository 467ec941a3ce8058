package cli

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/reconcile"
	"litellm-reconciler/pkg/telemetry"
	"litellm-reconciler/pkg/trigger"
	"litellm-reconciler/pkg/watch"
)

const (
	// roundSize is how many teams are taken off the queue at once. A limit sees
	// what is taken at once before anything of it is written.
	roundSize = 100_000
	// tendInterval is how often triggers and shared rows are looked at.
	tendInterval = time.Minute
	// refreshInterval is how often it is read again what all teams name.
	refreshInterval = time.Hour
	// tendPatience is how long tables that LiteLLM uses are waited for.
	tendPatience = 5 * time.Second
)

// events repairs at once what LiteLLM changes, under one term.
type events struct {
	*daemon
	fence     *lease.Fence
	standing  *reconcile.Standing
	watch     watch.Watch
	refreshed time.Time
	said      string // about the triggers, last
	installed atomic.Bool
}

func (d *daemon) newEvents(f *lease.Fence) *events {
	limits := d.config.Repair
	return &events{daemon: d, fence: f, standing: new(reconcile.Standing), watch: watch.Watch{
		Pool: d.pool, Names: d.names, LockTimeout: limits.LockTimeout, StatementTimeout: limits.StatementTimeout, Patience: tendPatience,
	}}
}

// every makes a schedule of an interval that is known to be valid.
func every(interval time.Duration) trigger.Schedule {
	s, err := trigger.Every(interval, 0.1, rand.Float64)
	if err != nil {
		panic(err)
	}
	return s
}

// tend sees to the triggers, and finds out what each event cannot ask for.
func (e *events) tend(ctx context.Context) error {
	err := e.triggers(ctx)
	e.installed.Store(err == nil)
	e.metrics.ObserveTriggers(err == nil)
	e.say(ctx, postgres.Explain(err))
	switch {
	case err == nil:
		return e.stumbled(ctx, e.survey(ctx))
	case errors.Is(err, watch.ErrNotInstalled):
		return nil // there is nothing to try again
	}
	return err
}

func (e *events) triggers(ctx context.Context) error {
	err := e.watch.Check(ctx)
	if errors.Is(err, watch.ErrNotInstalled) && e.config.Watch.Triggers {
		if err = e.watch.Install(ctx); err == nil {
			e.refreshed = time.Now()
		}
	}
	return err
}

func (e *events) survey(ctx context.Context) error {
	if time.Since(e.refreshed) > refreshInterval {
		if err := e.watch.Refresh(ctx); err != nil {
			return err
		}
		e.refreshed = time.Now()
	}
	return e.reconciler.Survey(ctx, e.standing)
}

// say tells how changes are noticed, whenever that changes.
func (e *events) say(ctx context.Context, err error) {
	level, text := slog.LevelInfo, "changes are repaired at once"
	var attributes []any
	if err != nil {
		text = "changes are repaired by the scheduled passes only"
		attributes = []any{"reason", err}
		if e.config.Watch.Triggers || !errors.Is(err, watch.ErrNotInstalled) {
			level = slog.LevelWarn
		}
	}
	if ctx.Err() != nil || text == e.said {
		return
	}
	e.said = text
	e.log.Log(ctx, level, text, attributes...)
}

// react repairs what is in the queue, until nothing is left that is due.
func (e *events) react(ctx context.Context) error {
	if !e.installed.Load() || !e.standing.Known(time.Now()) {
		return nil
	}
	b, err := e.backlog(ctx)
	if err != nil || b.Entries+b.Due == 0 {
		return err
	}
	if _, err := e.watch.Collect(ctx); err != nil {
		return e.stumbled(ctx, err)
	}
	for ctx.Err() == nil {
		items, err := e.watch.Take(ctx, roundSize)
		if err != nil || len(items) == 0 {
			return e.stumbled(ctx, err)
		}
		if err := e.round(ctx, items); err != nil {
			return err
		}
		if _, err := e.backlog(ctx); err != nil {
			return err
		}
	}
	return nil
}

// round repairs teams that were taken off the queue. Those that could not be
// repaired wait there for their next try.
func (e *events) round(ctx context.Context, items []watch.Item) error {
	r, err := e.reconciler.React(ctx, items, reconcile.Options{
		Trigger: string(telemetry.TriggerEvent), Fence: e.fence, Standing: e.standing,
	})
	err = postgres.Explain(err)
	seen := observed(telemetry.TriggerEvent, r.Report, err)
	if r.Refusal != nil {
		seen.Result, seen.Refusals = telemetry.ResultRefused, []telemetry.Limit{telemetry.Limit(r.Refusal.Limit)}
		e.log.WarnContext(ctx, "teams that would lose entries wait for a pass that no limit refuses", "teams", r.Held, "reason", r.Refusal.Reason)
	}
	e.metrics.ObservePass(seen)
	e.metrics.ObserveWait(r.Done.Waited...)
	e.logPass(ctx, "event", r.Report, err)
	if err == nil && len(r.Left) > 0 {
		err = e.stumbled(ctx, e.watch.Retry(ctx, r.Left))
	}
	return err
}

// stumbled tells of an error that keeps events from being repaired for now.
func (e *events) stumbled(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	level := slog.LevelError
	if postgres.Transient(err) { // such as a table that is read again as a whole
		level = slog.LevelDebug
	}
	err = postgres.Explain(err)
	e.log.Log(ctx, level, "the queue of changes has to wait", "error", err)
	return err
}

func (e *events) backlog(ctx context.Context) (watch.Backlog, error) {
	b, err := e.watch.Backlog(ctx)
	if err != nil {
		return b, e.stumbled(ctx, err)
	}
	e.metrics.ObserveQueue(telemetry.Queue{Entries: b.Entries, Teams: b.Teams, Oldest: b.Oldest})
	return b, nil
}

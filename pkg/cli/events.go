package cli

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/plan"
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
	// manyFailures in a row are told of, whatever they are by.
	manyFailures = 10
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
	tended    bool
	// missed has a pass look at all teams: nobody noted what was changed before
	// the triggers were there.
	missed chan struct{}
	// Of reactions: those that failed in a row, and the last refusal told of.
	failures int
	refusal  *plan.Refusal
}

func (d *daemon) newEvents(f *lease.Fence) *events {
	limits := d.config.Repair
	return &events{daemon: d, fence: f, standing: new(reconcile.Standing), missed: make(chan struct{}, 1), watch: watch.Watch{
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
	made, err := e.triggers(ctx)
	before := e.installed.Swap(err == nil)
	if found := err == nil && !before && e.tended; made || found {
		trigger.Rouse(e.missed)
	}
	e.tended = true
	e.metrics.ObserveTriggers(err == nil)
	if err == nil {
		if err = e.survey(ctx); err != nil && e.standing.Known(time.Now()) {
			e.log.DebugContext(ctx, "what was known before is good for a while", "error", postgres.Explain(err))
			return err
		}
	}
	e.say(ctx, postgres.Explain(err))
	if errors.Is(err, watch.ErrNotInstalled) {
		return nil // there is nothing to try again
	}
	return err
}

// triggers checks them, and reports whether it had to make them.
func (e *events) triggers(ctx context.Context) (made bool, err error) {
	err = e.watch.Check(ctx)
	if !errors.Is(err, watch.ErrNotInstalled) || !e.config.Watch.Triggers {
		return false, err
	}
	if err = e.watch.Install(ctx); err != nil {
		return false, err
	}
	e.refreshed = time.Now()
	return true, nil
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

// react repairs what is in the queue, and tells once what keeps it from that.
func (e *events) react(ctx context.Context) error {
	if !e.installed.Load() || !e.standing.Known(time.Now()) {
		return nil
	}
	err := e.drain(ctx)
	if err == nil || ctx.Err() != nil || errors.Is(err, lease.ErrLost) {
		e.failures = 0
		return err
	}
	e.failures++
	if e.failures == 1 && !postgres.Transient(err) || e.failures == manyFailures {
		e.log.ErrorContext(ctx, "changes wait in the queue", "error", postgres.Explain(err))
	}
	return err
}

// drain repairs until nothing is left that is due.
func (e *events) drain(ctx context.Context) error {
	b, err := e.backlog(ctx)
	if err != nil || b.Entries+b.Due == 0 {
		return err
	}
	if _, err := e.watch.Collect(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		items, err := e.watch.Take(ctx, roundSize)
		if err != nil || len(items) == 0 {
			return err
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
// repaired wait there for their next try, also where it took too long: they come
// back apart, and do not hold up the others.
func (e *events) round(ctx context.Context, items []watch.Item) error {
	r, err := e.reconciler.React(ctx, items, reconcile.Options{
		Trigger: string(telemetry.TriggerEvent), Fence: e.fence, Standing: e.standing,
	})
	e.observe(ctx, r, err)
	if len(r.Left) > 0 && (err == nil || postgres.TimedOut(err)) {
		err = errors.Join(err, e.watch.Retry(ctx, r.Left))
	}
	return err
}

func (e *events) observe(ctx context.Context, r reconcile.Reaction, err error) {
	seen := observed(telemetry.TriggerEvent, r.Report, err)
	if r.Refusal != nil && err == nil {
		seen.Result = telemetry.ResultRefused
	}
	if r.Refusal != nil && r.Refusal != e.refusal { // once, and not with every try
		e.refusal = r.Refusal
		seen.Refusals = []telemetry.Limit{telemetry.Limit(r.Refusal.Limit)}
		e.log.WarnContext(ctx, "teams that would lose entries wait for a pass that no limit refuses", "teams", r.Held, "reason", r.Refusal.Reason)
	}
	e.metrics.ObservePass(seen)
	e.metrics.ObserveWait(r.Done.Waited...)
	if err == nil {
		e.logPass(ctx, "event", r.Report, nil)
	}
}

func (e *events) backlog(ctx context.Context) (watch.Backlog, error) {
	b, err := e.watch.Backlog(ctx)
	if err == nil {
		e.metrics.ObserveQueue(telemetry.Queue{Entries: b.Entries, Teams: b.Teams, Oldest: b.Oldest})
	}
	return b, err
}

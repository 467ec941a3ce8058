package cli

import (
	"context"
	"errors"
	"math/rand/v2"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"litellm-reconciler/pkg/config"
	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/telemetry"
	"litellm-reconciler/pkg/trigger"
)

// runDaemon repairs until it is told to stop, and serves metrics and health
// meanwhile. A database that is away does not end it. Of several copies one
// leads; a dry run needs no leader, as it writes nothing.
func runDaemon(ctx context.Context, p Process, cfg config.Valid, schedule trigger.Schedule, f flags) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	a, err := newApp(ctx, p, cfg)
	if err != nil {
		return err
	}
	defer a.close()

	d := &daemon{app: a, dryRun: f.dryRun, schedule: schedule,
		health: telemetry.NewHealth(readyMaxAge(cfg.Web.ReadyMaxAge, schedule.Period()), time.Now)}
	if f.allowRevokes {
		d.allowUntil = time.Now().Add(allowFor)
	}
	if !f.dryRun {
		if err := d.takePart(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	served, err := d.serve(ctx, cancel)
	if errors.Is(err, telemetry.ErrWebConfig) {
		return usage(err)
	}
	if err != nil {
		return exit{exitError, err}
	}
	// From the first signal on, a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	a.log.Info("started", "version", p.Version, "database", cfg.Database, "schema", cfg.Database.Schema,
		"policy", cfg.Policy, "schedule", schedule.String(), "dry_run", f.dryRun)
	d.run(ctx)
	cancel(nil)
	<-served
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return exit{exitError, cause}
	}
	a.log.Info("stopped")
	return nil
}

func newSchedule(s config.Schedule) (trigger.Schedule, error) {
	if s.Cron != "" {
		return trigger.Cron(s.Cron, s.Timezone)
	}
	return trigger.Every(s.Interval, s.Jitter, rand.Float64)
}

// readyMaxAge leaves room for two missed passes, and an hour on top for rare
// schedules, which the end of daylight saving time stretches.
func readyMaxAge(configured, period time.Duration) time.Duration {
	switch {
	case configured > 0:
		return configured
	case period > time.Hour:
		return 2*period + time.Hour
	}
	return max(3*period, 2*time.Minute)
}

// allowFor is how long after the start --allow-revokes is good for: a copy that
// stood by for long would take it up when nobody thinks of it.
const allowFor = 10 * time.Minute

type daemon struct {
	*app
	schedule trigger.Schedule
	health   *telemetry.Health
	dryRun   bool
	// allowUntil is until when one pass may exceed the limits.
	allowUntil time.Time

	// Nil in a dry run, which writes nothing.
	lease    *lease.Lease
	listener *trigger.Listener
	changed  chan struct{} // woken when LiteLLM changed something
}

// run prepares the database once, and then works until ctx is done. It is never
// prepared again: a ledger that vanished later must be seen by somebody, as an
// empty new one would have forgotten what may be taken back.
func (d *daemon) run(ctx context.Context) {
	if !d.prepared(ctx) {
		return
	}
	if d.lease == nil {
		d.loop(d.schedule, func(ctx context.Context) error { return d.pass(ctx, nil, nil) }).Run(ctx)
		return
	}
	var listening sync.WaitGroup
	listening.Go(func() { d.listener.Run(ctx) })
	d.lease.Run(ctx, d.lead)
	listening.Wait()
}

// prepared tries until the database is ready for this copy to lead. It returns
// false when ctx was done before.
func (d *daemon) prepared(ctx context.Context) (done bool) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	d.loop(d.schedule, func(ctx context.Context) error {
		err := d.prepare(ctx, d.dryRun)
		if err == nil && !d.dryRun {
			err = d.reconciler.CheckRights(ctx)
		}
		if err != nil {
			return d.failedEarly(ctx, err)
		}
		done = true
		stop()
		return nil
	}).Run(ctx)
	return done
}

func (d *daemon) loop(s trigger.Schedule, pass func(context.Context) error) trigger.Loop {
	return trigger.Loop{Schedule: s, Pass: pass, Random: rand.Float64, Log: d.log}
}

// serve starts the HTTP listener, unless it is switched off. A listener that
// fails later ends the daemon by cancel. The channel is closed when it is down.
func (d *daemon) serve(ctx context.Context, cancel context.CancelCauseFunc) (<-chan struct{}, error) {
	served := make(chan struct{})
	if d.config.Web.ListenAddress == "" {
		close(served)
		return served, nil
	}
	server, err := telemetry.Listen(ctx, d.config.Web.ListenAddress, d.config.Web.ConfigFile,
		telemetry.Handler(d.metrics, d.health), d.log)
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(served)
		if err := server.Serve(ctx); err != nil {
			cancel(err)
		}
	}()
	return served, nil
}

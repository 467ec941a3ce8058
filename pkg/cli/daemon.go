package cli

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os/signal"
	"syscall"
	"time"

	"litellm-reconciler/pkg/config"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/reconcile"
	"litellm-reconciler/pkg/telemetry"
	"litellm-reconciler/pkg/trigger"
)

// runDaemon makes passes on the schedule until it is told to stop, and serves
// metrics and health meanwhile. A database that is away does not end it.
func runDaemon(ctx context.Context, p Process, cfg config.Valid, schedule trigger.Schedule, f flags) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	a, err := newApp(ctx, p, cfg)
	if err != nil {
		return err
	}
	defer a.close()

	d := &daemon{app: a, dryRun: f.dryRun, allowRevokes: f.allowRevokes,
		health: telemetry.NewHealth(readyMaxAge(cfg.Web.ReadyMaxAge, schedule.Period()), time.Now)}
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
	trigger.Loop{Schedule: schedule, Pass: d.pass, Random: rand.Float64, Log: a.log}.Run(ctx)
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

type daemon struct {
	*app
	health       *telemetry.Health
	dryRun       bool
	allowRevokes bool
	prepared     bool
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

// pass makes one pass, and tells log, metrics and health how it went. What it
// returns says when the next one is due.
func (d *daemon) pass(ctx context.Context) error {
	report, err := d.attempt(ctx)
	err = postgres.Explain(err)
	d.metrics.ObservePass(observed(telemetry.TriggerSchedule, report, err))
	d.export(ctx)
	d.logPass(ctx, report, err)
	var refusal *plan.Refusal
	switch {
	case err == nil:
		d.health.Succeeded(report.Started.Add(report.Duration))
		if report.Done.Skipped[reconcile.Busy]+report.Done.Skipped[reconcile.Moved] > 0 {
			return errors.New("some teams were busy")
		}
	case errors.As(err, &refusal):
		d.health.Failed(err)
		return trigger.AwaitSchedule(err)
	case errors.Is(err, ledger.ErrAbsent), errors.Is(err, ledger.ErrIncomplete), postgres.MissingRight(err):
		d.health.Blocked(err)
	default:
		d.health.Failed(err)
	}
	return err
}

// attempt prepares the database before the first pass, but never again: a
// ledger that vanished later must be seen by somebody, as an empty new one
// would have forgotten what may be taken back.
func (d *daemon) attempt(ctx context.Context) (reconcile.Report, error) {
	if !d.prepared {
		started := time.Now()
		if err := d.prepare(ctx, d.dryRun); err != nil {
			return reconcile.Report{Started: started, Duration: time.Since(started)}, err
		}
		d.prepared = true
	}
	report, err := d.reconciler.Pass(ctx, reconcile.Options{
		Trigger: string(telemetry.TriggerSchedule), DryRun: d.dryRun, AllowRevokes: d.allowRevokes,
	})
	if report.Scanned {
		d.allowRevokes = false // one pass, not all of them
	}
	return report, err
}

func (d *daemon) logPass(ctx context.Context, r reconcile.Report, err error) {
	level, message := slog.LevelDebug, "pass"
	switch {
	case err != nil && ctx.Err() != nil:
		level, message = slog.LevelInfo, "pass stopped"
	case err != nil:
		level, message = slog.LevelError, "pass failed"
	case len(r.Done.Failed) > 0:
		level, message = slog.LevelWarn, "pass left teams unrepaired"
	case len(r.Found.Drifted) > 0 || r.Done.Settled > 0:
		level = slog.LevelInfo
	}
	attributes := []any{
		"teams", r.Found.Teams, "drifted", len(r.Found.Drifted), "repaired", r.Done.Teams, "unfinished", r.Done.Unfinished(),
		"granted", r.Done.Granted, "revoked", r.Done.Revoked, "duration", r.Duration.Round(time.Millisecond).String(),
	}
	if err != nil {
		attributes = append(attributes, "error", err)
	}
	d.log.Log(ctx, level, message, attributes...)
}

package cli

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/reconcile"
	"litellm-reconciler/pkg/telemetry"
	"litellm-reconciler/pkg/trigger"
)

// pass makes one pass, under a term if this copy leads. What it returns says
// when the next one is due.
func (d *daemon) pass(ctx context.Context, f *lease.Fence, s *reconcile.Standing) error {
	report, err := d.reconciler.Pass(ctx, reconcile.Options{
		Trigger: string(telemetry.TriggerSchedule), DryRun: d.dryRun, AllowRevokes: time.Now().Before(d.allowUntil),
		Fence: f, Standing: s,
	})
	if report.Scanned {
		d.allowUntil = time.Time{} // one pass, not all of them
	}
	return d.passed(ctx, report, err)
}

// failedEarly is a pass that could not even begin.
func (d *daemon) failedEarly(ctx context.Context, err error) error {
	return d.passed(ctx, reconcile.Report{Started: time.Now(), DryRun: d.dryRun}, err)
}

// passed tells log, metrics and health how a pass went.
func (d *daemon) passed(ctx context.Context, report reconcile.Report, err error) error {
	err = postgres.Explain(err)
	d.metrics.ObservePass(observed(telemetry.TriggerSchedule, report, err))
	d.export(ctx)
	d.logPass(ctx, "pass", report, err)
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

func (d *daemon) logPass(ctx context.Context, what string, r reconcile.Report, err error) {
	level, message := slog.LevelDebug, what
	switch {
	case err != nil && ctx.Err() != nil, errors.Is(err, lease.ErrLost):
		level, message = slog.LevelInfo, what+" stopped"
	case err != nil:
		level, message = slog.LevelError, what+" failed"
	case len(r.Done.Failed) > 0:
		level, message = slog.LevelWarn, what+" left teams unrepaired"
	case r.Found.Drifted.Len() > 0 || r.Done.Settled > 0:
		level = slog.LevelInfo
	}
	attributes := []any{
		"teams", r.Found.Teams, "drifted", r.Found.Drifted.Len(), "repaired", r.Done.Teams, "unfinished", r.Done.Unfinished(),
		"granted", r.Done.Granted, "revoked", r.Done.Revoked, "duration", r.Duration.Round(time.Millisecond).String(),
	}
	if err != nil {
		attributes = append(attributes, "error", err)
	}
	d.log.Log(ctx, level, message, attributes...)
}

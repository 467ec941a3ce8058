package cli

import (
	"context"
	"errors"
	"os/signal"
	"syscall"
	"time"

	"litellm-reconciler/pkg/config"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/reconcile"
	"litellm-reconciler/pkg/telemetry"
)

// runOnce makes one pass, shows its summary and exports its metrics.
func runOnce(ctx context.Context, p Process, cfg config.Valid, f flags) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	a, err := newApp(ctx, p, cfg)
	if err != nil {
		return err
	}
	defer a.close()

	bar := newProgress(p.Stderr)
	var report reconcile.Report
	if err = a.prepare(ctx, f.dryRun); err == nil {
		report, err = a.reconciler.Pass(ctx, reconcile.Options{
			Trigger: string(telemetry.TriggerOnce), DryRun: f.dryRun, AllowRevokes: f.allowRevokes, Progress: bar.show,
		})
	}
	bar.finish()
	err = postgres.Explain(err)
	a.metrics.ObservePass(observed(telemetry.TriggerOnce, report, err))
	a.export(ctx)
	if showErr := show(p.Stdout, f.output, newSummary(report, err)); showErr != nil && err == nil {
		err = showErr
	}
	return onceExit(report, err, f.exitCode)
}

func onceExit(r reconcile.Report, err error, driftCode bool) error {
	var refusal *plan.Refusal
	switch {
	case errors.As(err, &refusal):
		return exit{exitRefused, err}
	case err != nil:
		return exit{exitError, err}
	case r.Done.Unfinished() > 0:
		return exit{exitError, errors.New("some teams could not be repaired: " + unfinished(r.Done))}
	case driftCode && r.Found.Drifted.Len() > 0:
		return exit{code: exitDrift}
	}
	return nil
}

// exportLimit is how long a Pushgateway may take.
const exportLimit = 5 * time.Second

// export hands the metrics on where nobody scrapes them. The repair is done by
// then: what goes wrong here is said, and changes no exit code.
func (a *app) export(ctx context.Context) {
	patience := min(a.config.ShutdownTimeout, exportLimit) // a daemon has more to do
	if ctx.Err() != nil {                                  // the repair had its part of the time
		patience /= 10
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if path := a.config.Metrics.Textfile; path != "" {
		if err := a.metrics.WriteTextfile(path); err != nil {
			a.log.Error("metrics were not written", "error", err)
		}
	}
	if url := string(a.config.Metrics.PushgatewayURL); url != "" {
		if err := a.metrics.Push(ctx, url, a.config.Metrics.PushgatewayJob); err != nil {
			a.log.Error("metrics were not pushed", "error", err)
		}
	}
}

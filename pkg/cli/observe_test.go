package cli

import (
	"errors"
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
	"litellm-reconciler/pkg/telemetry"
)

// The metrics know all kinds, reasons and limits from the start: a pass that
// has one of each adds no series.
func TestEveryLabelOfAPassIsThereFromTheStart(t *testing.T) {
	t.Parallel()
	metrics := telemetry.New("test", "")
	before, err := testutil.GatherAndCount(metrics.Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	report := reconcile.Report{Scanned: true}
	report.Found.Drift, report.Done.Repaired = map[plan.Kind]int{}, map[plan.Kind]int{}
	for _, kind := range plan.Kinds() {
		report.Found.Drift[kind], report.Done.Repaired[kind] = 1, 1
	}
	report.Done.Skipped = map[reconcile.Reason]int{}
	for _, reason := range reconcile.Reasons() {
		report.Done.Skipped[reason] = 1
	}
	for _, limit := range plan.Limits() {
		metrics.ObservePass(observed(telemetry.TriggerOnce, report, fmt.Errorf("pass: %w", &plan.Refusal{Limit: limit})))
	}
	metrics.ObservePass(observed(telemetry.TriggerSchedule, report, errors.New("no")))
	after, err := testutil.GatherAndCount(metrics.Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	if before != after {
		t.Errorf("%d series became %d", before, after)
	}
}

// Scripts rely on the exit code: the worst of what happened decides.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	drifted := reconcile.Report{Found: reconcile.Found{Drifted: reconcile.NewTargets(reconcile.Target{Team: "a"})}}
	failed := reconcile.Report{Done: reconcile.Outcome{Failed: []reconcile.Failure{{Team: "a", Err: errors.New("no")}}}}
	busy := reconcile.Report{Done: reconcile.Outcome{Skipped: map[reconcile.Reason]int{reconcile.Busy: 1}}}
	for name, c := range map[string]struct {
		report    reconcile.Report
		err       error
		driftCode bool
		want      int
	}{
		"in sync":                       {want: exitOK},
		"drifted, only looked at":       {report: drifted, driftCode: true, want: exitDrift},
		"drifted, nobody asks":          {report: drifted, want: exitOK},
		"a team failed":                 {report: failed, want: exitError},
		"a team was busy":               {report: busy, want: exitError},
		"an error":                      {err: errors.New("no"), want: exitError},
		"a limit":                       {err: fmt.Errorf("pass: %w", &plan.Refusal{}), want: exitRefused},
		"an error while drift is asked": {report: drifted, err: errors.New("no"), driftCode: true, want: exitError},
	} {
		err := onceExit(c.report, c.err, c.driftCode)
		got := exitOK
		var e exit
		if errors.As(err, &e) {
			got = e.code
		}
		if got != c.want {
			t.Errorf("%s: exit code %d, want %d", name, got, c.want)
		}
	}
}

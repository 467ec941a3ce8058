package cli

import (
	"context"
	"errors"

	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
	"litellm-reconciler/pkg/telemetry"
)

// observed turns the report of a pass into what is counted of it.
func observed(trigger telemetry.Trigger, r reconcile.Report, err error) telemetry.Pass {
	p := telemetry.Pass{
		Trigger: trigger, Result: result(r, err), Started: r.Started, Duration: r.Duration,
		Repairs:         relabel[telemetry.Kind](r.Done.Repaired),
		Skipped:         relabel[telemetry.Reason](r.Done.Skipped),
		ServersGranted:  r.Done.Granted,
		ServersRevoked:  r.Done.Revoked,
		CeilingsCreated: r.Done.CeilingsCreated,
		CeilingsRemoved: r.Done.CeilingsRemoved,
		FailedTeams:     len(r.Done.Failed),
	}
	if r.Scanned {
		p.Scan = &telemetry.Scan{
			Drift:                   relabel[telemetry.Kind](r.Found.Drift),
			Teams:                   r.Found.Teams,
			AccessGroups:            r.Found.Groups,
			DanglingGroupReferences: r.Found.Dangling,
			MembershipMismatches:    r.Found.Mismatches,
		}
	}
	var refusal *plan.Refusal
	if errors.As(err, &refusal) {
		p.Refusals = []telemetry.Limit{telemetry.Limit(refusal.Limit)}
	}
	return p
}

func result(r reconcile.Report, err error) telemetry.Result {
	var refusal *plan.Refusal
	switch {
	case errors.As(err, &refusal):
		return telemetry.ResultRefused
	case errors.Is(err, context.Canceled), errors.Is(err, lease.ErrLost):
		return telemetry.ResultStopped
	case err != nil:
		return telemetry.ResultError
	case r.Done.Unfinished() > 0:
		return telemetry.ResultPartial
	}
	return telemetry.ResultOK
}

func relabel[To, From ~string](counts map[From]int) map[To]int {
	out := make(map[To]int, len(counts))
	for k, n := range counts {
		out[To(k)] = n
	}
	return out
}

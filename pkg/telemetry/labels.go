package telemetry

// Trigger is what made a pass run.
type Trigger string

// What makes a pass run.
const (
	TriggerOnce     Trigger = "once"     // a single pass (--once)
	TriggerSchedule Trigger = "schedule" // a pass of the daemon, on its interval or cron expression
	TriggerEvent    Trigger = "event"    // a repair of the teams that a change of LiteLLM concerns
)

// Result is how a pass ended.
type Result string

// How a pass ends.
const (
	ResultOK      Result = "ok"      // all that drifted is repaired
	ResultPartial Result = "partial" // some teams failed or stayed busy, the others are repaired
	ResultRefused Result = "refused" // a limit was exceeded, nothing was written
	ResultStopped Result = "stopped" // told to stop, or lost the lease, before it was done
	ResultError   Result = "error"   // could not begin or go on
)

// Kind is a way in which a team's row can differ from its access groups.
type Kind string

// The kinds of drift.
const (
	KindMissingRow     Kind = "missing_row"     // the team has no permission row yet
	KindMissingServers Kind = "missing_servers" // its row lacks servers that a group grants
	KindExcessServers  Kind = "excess_servers"  // its row has servers that no group grants any more
	KindSharedRow      Kind = "shared_row"      // besides, its row serves others too: the team gets a copy
)

func kinds() []Kind {
	return []Kind{KindMissingRow, KindMissingServers, KindExcessServers, KindSharedRow}
}

// Reason is why a drifted team was left alone.
type Reason string

// The reasons to leave a team alone.
const (
	ReasonSentinel Reason = "sentinel" // its row grants all servers
	ReasonBusy     Reason = "busy"     // somebody else holds its locks
	ReasonGone     Reason = "gone"     // deleted since the scan
	ReasonMoved    Reason = "moved"    // changed since the scan
)

// Limit is a limit that can refuse a pass.
type Limit string

// The limits that can refuse a pass.
const (
	LimitRevokedFraction Limit = "revoked_fraction" // guard.max_revoked_fraction, guard.min_revoked_teams
	LimitEmptySource     Limit = "empty_source"     // LiteLLM has no access group, or no team, at all
	LimitCeilingsCreated Limit = "ceilings_created" // guard.max_ceilings_created
	LimitCeilingsRemoved Limit = "ceilings_removed" // guard.max_ceilings_removed
)

package telemetry

// Trigger is what made a pass run.
type Trigger string

// What makes a pass run.
const (
	TriggerOnce     Trigger = "once"
	TriggerSchedule Trigger = "schedule"
	TriggerEvent    Trigger = "event"
)

// Result is how a pass ended.
type Result string

// How a pass ends.
const (
	ResultOK      Result = "ok"
	ResultPartial Result = "partial" // some teams failed, the others are repaired
	ResultRefused Result = "refused" // a limit was exceeded, nothing was written
	ResultStopped Result = "stopped" // told to stop before it was done
	ResultError   Result = "error"
)

// Kind is a way in which a team's row can differ from its access groups.
type Kind string

// The kinds of drift.
const (
	KindMissingRow     Kind = "missing_row"
	KindMissingServers Kind = "missing_servers"
	KindExcessServers  Kind = "excess_servers"
	KindSharedRow      Kind = "shared_row"
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
	LimitRevokedFraction Limit = "revoked_fraction"
	LimitEmptySource     Limit = "empty_source"
	LimitCeilingsCreated Limit = "ceilings_created"
	LimitCeilingsRemoved Limit = "ceilings_removed"
)

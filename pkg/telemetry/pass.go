package telemetry

import "time"

// Pass is what is counted of one pass.
type Pass struct {
	Trigger  Trigger
	Result   Result
	Started  time.Time
	Duration time.Duration

	// Scan is nil if the pass failed before its scan was complete.
	Scan *Scan
	// Refusals are the limits that refused the pass.
	Refusals []Limit

	Repairs         map[Kind]int
	Skipped         map[Reason]int
	ServersGranted  int
	ServersRevoked  int
	CeilingsCreated int
	CeilingsRemoved int
	FailedTeams     int
}

// Scan is what a pass found before it changed anything.
type Scan struct {
	Drift                   map[Kind]int
	Teams                   int
	AccessGroups            int
	DanglingGroupReferences int
	MembershipMismatches    int // -1 if the scan could not tell
}

// ObservePass counts a pass that has ended, or the repair of teams that an event
// told of. Without a scan, the gauges keep
// what the last one saw.
func (m *Metrics) ObservePass(p Pass) {
	m.results.WithLabelValues(string(p.Trigger), string(p.Result)).Inc()
	m.duration.WithLabelValues(string(p.Trigger)).Observe(p.Duration.Seconds())

	if p.Trigger != TriggerEvent { // which looks at a few teams
		m.observeEnd(p)
	}
	if p.Scan != nil {
		m.observeScan(*p.Scan)
	}
	for _, limit := range p.Refusals {
		m.refusals.WithLabelValues(string(limit)).Inc()
	}
	for kind, n := range p.Repairs {
		m.repairs.WithLabelValues(string(kind)).Add(float64(n))
	}
	for reason, n := range p.Skipped {
		m.skipped.WithLabelValues(string(reason)).Add(float64(n))
	}
	m.serversGranted.Add(float64(p.ServersGranted))
	m.serversRevoked.Add(float64(p.ServersRevoked))
	m.ceilingsCreated.Add(float64(p.CeilingsCreated))
	m.ceilingsRemoved.Add(float64(p.CeilingsRemoved))
	m.failedTeams.Add(float64(p.FailedTeams))
}

func (m *Metrics) observeEnd(p Pass) {
	ended := float64(p.Started.Add(p.Duration).UnixMilli()) / 1000
	m.lastAttempt.Set(ended)
	if p.Result == ResultOK {
		m.lastSuccess.Set(ended)
		m.succeeded.Store(true)
	}
}

func (m *Metrics) observeScan(s Scan) {
	for _, kind := range kinds() {
		m.drift.WithLabelValues(string(kind)).Set(float64(s.Drift[kind])) // a kind that is not there any more goes to 0
	}
	m.teams.Set(float64(s.Teams))
	m.accessGroups.Set(float64(s.AccessGroups))
	m.danglingRefs.Set(float64(s.DanglingGroupReferences))
	if s.MembershipMismatches >= 0 {
		m.mismatches.Set(float64(s.MembershipMismatches))
	}
}

package reconcile

import (
	"time"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/plan"
)

// Reason says why a team was passed over.
type Reason string

const (
	// Sentinel is a row that grants the whole registry and is left alone.
	Sentinel Reason = "sentinel"
	// Busy is a team or a row that another session held to the last attempt.
	Busy Reason = "busy"
	// Moved is a team that changed since the scan in a way that the scan had
	// not looked into: it points at another row, or would now lose entries. The
	// next pass scans it again.
	Moved Reason = "moved"
	// Gone is a team that LiteLLM deleted; the ledger forgets it.
	Gone Reason = "gone"
)

// Reasons lists all reasons in the order in which they are reported.
func Reasons() []Reason { return []Reason{Sentinel, Busy, Moved, Gone} }

// Failure is a team that could not be repaired, and why.
type Failure struct {
	Team string
	Err  error
}

// Outcome is what a repair did.
type Outcome struct {
	// Repaired counts teams by kind of drift; Teams counts each once.
	Repaired map[plan.Kind]int
	Teams    int
	// Settled are teams of which only the ledger's entry was renewed.
	Settled                          int
	Granted, Revoked                 int
	CeilingsCreated, CeilingsRemoved int
	Skipped                          map[Reason]int
	// Adopted and Disowned are entries that the ledger came to own, or to own no
	// longer, in rows that were not written.
	Adopted, Disowned int
	// GivenUp are rows of ours that were taken from their team; Deleted are
	// such rows that were deleted, those of earlier reverts included.
	GivenUp, Deleted int
	Failed           []Failure
	// Waited is, for each team of the queue that was seen to, for how long it
	// had been waiting, by the clock of the database.
	Waited []time.Duration
}

func newOutcome() Outcome {
	return Outcome{Repaired: map[plan.Kind]int{}, Skipped: map[Reason]int{}}
}

// Unfinished is the number of teams that still need a repair.
func (o Outcome) Unfinished() int {
	return len(o.Failed) + o.Skipped[Busy] + o.Skipped[Moved]
}

// merge adds what one committed transaction did.
func (o *Outcome) merge(d Outcome) {
	for k, n := range d.Repaired {
		o.Repaired[k] += n
	}
	for r, n := range d.Skipped {
		o.Skipped[r] += n
	}
	o.Teams += d.Teams
	o.Settled += d.Settled
	o.Granted += d.Granted
	o.Revoked += d.Revoked
	o.CeilingsCreated += d.CeilingsCreated
	o.CeilingsRemoved += d.CeilingsRemoved
	o.Adopted += d.Adopted
	o.Disowned += d.Disowned
	o.GivenUp += d.GivenUp
	o.Failed = append(o.Failed, d.Failed...)
	o.Waited = append(o.Waited, d.Waited...)
}

// count adds one team that was written.
func (o *Outcome) count(s step) {
	c := s.entry.Change
	switch s.entry.Action {
	case ledger.Settled:
		o.Settled++
		return
	case ledger.Adopted:
		o.Teams++
		o.Adopted += s.adopted
		return
	case ledger.Disowned:
		o.Teams++
		o.Disowned += s.adopted
		return
	case ledger.Unlinked, ledger.Relinked:
		o.GivenUp++
	}
	o.Teams++
	for _, k := range c.Kinds {
		o.Repaired[k]++
	}
	o.Granted += len(c.Added)
	o.Revoked += len(c.Removed)
	o.CeilingsCreated += count(c.CeilingCreated)
	o.CeilingsRemoved += count(c.CeilingRemoved)
}

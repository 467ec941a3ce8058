package reconcile

import "litellm-reconciler/pkg/plan"

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
	Failed                           []Failure
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
	o.Failed = append(o.Failed, d.Failed...)
}

func (o *Outcome) count(c plan.Change) {
	o.Teams++
	for _, k := range c.Kinds {
		o.Repaired[k]++
	}
	o.Granted += len(c.Added)
	o.Revoked += len(c.Removed)
	o.CeilingsCreated += count(c.CeilingCreated)
	o.CeilingsRemoved += count(c.CeilingRemoved)
}

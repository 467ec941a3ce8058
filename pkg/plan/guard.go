package plan

import "fmt"

// Limit names a bound that a pass ran into.
type Limit string

const (
	// RevokedFraction says that too large a part of the owning teams would lose
	// entries.
	RevokedFraction Limit = "revoked_fraction"
	// EmptySource says that LiteLLM's tables are empty while the ledger owns
	// grants.
	EmptySource Limit = "empty_source"
	// CeilingsCreated says that too many teams would start to restrict their
	// keys.
	CeilingsCreated Limit = "ceilings_created"
	// CeilingsRemoved says that too many teams would stop restricting their
	// keys.
	CeilingsRemoved Limit = "ceilings_removed"
)

// Limits lists all limits in the order in which they are checked.
func Limits() []Limit {
	return []Limit{EmptySource, RevokedFraction, CeilingsCreated, CeilingsRemoved}
}

// Guard bounds what one pass may take away. A negative ceiling limit means no
// limit.
type Guard struct {
	MaxRevokedFraction float64
	MinRevokedTeams    int
	MaxCeilingsCreated int
	MaxCeilingsRemoved int
}

// Counts is what a scan found, in teams unless said otherwise.
type Counts struct {
	Teams, Groups int
	// NoTeams is set when LiteLLM has no team at all, with groups or without.
	NoTeams bool
	// Owning are the teams for which the ledger owns at least one entry.
	Owning int
	// Losing are the teams that would lose entries, or of which the ledger
	// would forget what it owns because LiteLLM no longer has the team.
	Losing                           int
	CeilingsCreated, CeilingsRemoved int
}

// Refusal is the error of a pass that a limit stopped before its first write.
type Refusal struct {
	Limit  Limit
	Reason string
}

func (r *Refusal) Error() string {
	return "refused, nothing was written: " + r.Reason
}

// Check returns a *Refusal when the counts exceed a limit, else nil.
func (g Guard) Check(c Counts) error {
	const once = "; if that is intended, let one pass through with --allow-revokes"
	switch {
	case c.Groups == 0 && c.Owning > 0:
		return &Refusal{Limit: EmptySource, Reason: fmt.Sprintf(
			"LiteLLM has no access group at all, while the ledger owns grants of %s%s", teams(c.Owning), once)}
	case c.NoTeams && c.Owning > 0:
		return &Refusal{Limit: EmptySource, Reason: fmt.Sprintf(
			"LiteLLM has no team at all, while the ledger owns grants of %s%s", teams(c.Owning), once)}
	// Exact takes from teams that own nothing as well; a fraction of 1 allows
	// even that.
	case c.Losing >= max(g.MinRevokedTeams, 1) && float64(c.Losing) > g.MaxRevokedFraction*float64(max(c.Owning, c.Losing)):
		return &Refusal{Limit: RevokedFraction, Reason: fmt.Sprintf(
			"%s would lose entries, of %d for which the ledger owns grants: more than guard.max_revoked_fraction %g%s",
			teams(c.Losing), c.Owning, g.MaxRevokedFraction, once)}
	case g.MaxCeilingsCreated >= 0 && c.CeilingsCreated > g.MaxCeilingsCreated:
		return &Refusal{Limit: CeilingsCreated, Reason: fmt.Sprintf(
			"%s would start restricting keys that have a list of their own, more than guard.max_ceilings_created %d%s",
			teams(c.CeilingsCreated), g.MaxCeilingsCreated, once)}
	case g.MaxCeilingsRemoved >= 0 && c.CeilingsRemoved > g.MaxCeilingsRemoved:
		return &Refusal{Limit: CeilingsRemoved, Reason: fmt.Sprintf(
			"%s would stop restricting keys that have a list of their own, more than guard.max_ceilings_removed %d%s",
			teams(c.CeilingsRemoved), g.MaxCeilingsRemoved, once)}
	}
	return nil
}

func teams(n int) string {
	if n == 1 {
		return "1 team"
	}
	return fmt.Sprintf("%d teams", n)
}

package cli

import (
	"errors"
	"fmt"
	"strings"

	"litellm-reconciler/pkg/impact"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
)

// planSummary is what a plan comes to. Its JSON form is an interface, like that
// of a pass: the same names mean the same.
type planSummary struct {
	Result          string         `json:"result"`
	Error           string         `json:"error,omitempty"`
	Limit           string         `json:"limit,omitempty"` // would refuse the pass
	Policy          string         `json:"policy"`
	Teams           int            `json:"teams"`
	AccessGroups    int            `json:"access_groups"`
	DriftedTeams    int            `json:"drifted_teams"`
	Drifted         map[string]int `json:"drifted"`
	RowsCreated     int            `json:"rows_created"`
	RowsUpdated     int            `json:"rows_updated"`
	RowsCopied      int            `json:"rows_copied"`
	ServersGranted  int            `json:"servers_granted"`
	ServersRevoked  int            `json:"servers_revoked"`
	CeilingsCreated int            `json:"ceilings_created"`
	CeilingsRemoved int            `json:"ceilings_removed"`
	Keys            impact.Tally   `json:"keys"`
	Stale           int            `json:"stale_teams"` // only the ledger's entry is renewed, or forgotten
	Skipped         map[string]int `json:"skipped"`
	Dangling        int            `json:"dangling_group_references"`
	Mismatches      *int           `json:"membership_mismatches"`
	DurationSeconds float64        `json:"duration_seconds"`

	headline string // where there is nothing to do
}

func newPlanSummary(r reconcile.Report, err error, policy string, t planTotals) planSummary {
	pass := newSummary(r, err)
	s := planSummary{
		Result: pass.Result, Error: pass.Error, Policy: policy,
		Teams: pass.Teams, AccessGroups: pass.AccessGroups, DriftedTeams: pass.DriftedTeams, Drifted: pass.Drifted,
		RowsCreated:    t.teams[ledger.Created],
		RowsUpdated:    t.teams[ledger.Updated],
		RowsCopied:     t.teams[ledger.Copied],
		ServersGranted: pass.ServersGranted, ServersRevoked: pass.ServersRevoked,
		CeilingsCreated: pass.CeilingsCreated, CeilingsRemoved: pass.CeilingsRemoved,
		Keys: t.keys, Stale: r.Found.Stale.Len(),
		Skipped:  map[string]int{string(reconcile.Sentinel): r.Found.Sentinels},
		Dangling: pass.Dangling, Mismatches: pass.Mismatches, DurationSeconds: pass.DurationSeconds,
		headline: pass.headline(),
	}
	var refusal *plan.Refusal
	if errors.As(err, &refusal) {
		s.Limit = string(refusal.Limit)
	}
	return s
}

// plan is the plan in a line.
func (s planSummary) plan() string {
	parts := []string{plural(s.DriftedTeams, "team"), plural(s.ServersGranted, "server") + " granted"}
	if s.ServersRevoked > 0 {
		parts = append(parts, fmt.Sprintf("%d revoked", s.ServersRevoked))
	}
	return "Plan: " + strings.Join(append(parts, keyParts(s.Keys.Rows)...), ", ") + "."
}

func keyParts(c impact.Counts) []string {
	var parts []string
	for _, e := range impact.Effects() {
		if n := c.Of(e); n > 0 {
			parts = append(parts, plural(n, "key")+" "+verb(n, e))
		}
	}
	return parts
}

// notes say what the teams that were shown do not.
func (s planSummary) notes() []string {
	var notes []string
	note := func(n int, format string, args ...any) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	if s.Keys.Native != s.Keys.Rows {
		keys := keyParts(s.Keys.Native)
		if len(keys) == 0 {
			keys = []string{"no key is affected"}
		}
		notes = append(notes, "from v1.88, where LiteLLM resolves access groups itself: "+strings.Join(keys, ", "))
	}
	sentinels := s.Skipped[string(reconcile.Sentinel)]
	note(sentinels, "left alone: %s whose row grants all servers", plural(sentinels, "team"))
	note(s.Stale, "ledger only: %s whose row is right, or that LiteLLM deleted", plural(s.Stale, "team"))
	note(s.Dangling, "dangling: %s to access groups that do not exist", plural(s.Dangling, "reference"))
	if s.Mismatches != nil {
		note(*s.Mismatches, "mismatched: %s whose assigned_team_ids disagrees with the teams, which are what counts", plural(*s.Mismatches, "access group"))
	}
	return notes
}

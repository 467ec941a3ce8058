package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
	"litellm-reconciler/pkg/telemetry"
)

// summary is what one pass comes to. Its JSON form is an interface: names are
// added to it, and never change their meaning. In a dry run, and
// where a limit refused the pass, servers and ceilings say what it would do.
type summary struct {
	Result          string         `json:"result"`
	Error           string         `json:"error,omitempty"`
	DryRun          bool           `json:"dry_run"`
	Teams           int            `json:"teams"`
	AccessGroups    int            `json:"access_groups"`
	DriftedTeams    int            `json:"drifted_teams"`
	Drifted         map[string]int `json:"drifted"`
	RepairedTeams   int            `json:"repaired_teams"`
	Repaired        map[string]int `json:"repaired"`
	Settled         int            `json:"settled_teams"`
	Failed          []failure      `json:"failed"`
	Skipped         map[string]int `json:"skipped"`
	ServersGranted  int            `json:"servers_granted"`
	ServersRevoked  int            `json:"servers_revoked"`
	CeilingsCreated int            `json:"ceilings_created"`
	CeilingsRemoved int            `json:"ceilings_removed"`
	Dangling        int            `json:"dangling_group_references"`
	Mismatches      *int           `json:"membership_mismatches"`
	DurationSeconds float64        `json:"duration_seconds"`

	planned bool // servers and ceilings say what a repair would do
}

type failure struct {
	Team  string `json:"team"`
	Error string `json:"error"`
}

func newSummary(r reconcile.Report, err error) summary {
	s := summary{
		Result: string(result(r, err)), DryRun: r.DryRun,
		Teams: r.Found.Teams, AccessGroups: r.Found.Groups,
		DriftedTeams: r.Found.Drifted.Len(), Drifted: map[string]int{},
		RepairedTeams: r.Done.Teams, Repaired: map[string]int{}, Settled: r.Done.Settled,
		Failed: []failure{}, Skipped: map[string]int{},
		ServersGranted: r.Done.Granted, ServersRevoked: r.Done.Revoked,
		CeilingsCreated: r.Done.CeilingsCreated, CeilingsRemoved: r.Done.CeilingsRemoved,
		Dangling: r.Found.Dangling, DurationSeconds: r.Duration.Seconds(),
	}
	if err != nil {
		s.Error = err.Error()
	}
	if s.planned = r.DryRun || s.Result == string(telemetry.ResultRefused); s.planned {
		s.ServersGranted, s.ServersRevoked = r.Found.Granted, r.Found.Revoked
		s.CeilingsCreated, s.CeilingsRemoved = r.Found.CeilingsCreated, r.Found.CeilingsRemoved
	}
	if r.Scanned && r.Found.Mismatches >= 0 {
		s.Mismatches = &r.Found.Mismatches
	}
	for _, k := range plan.Kinds() {
		s.Drifted[string(k)], s.Repaired[string(k)] = r.Found.Drift[k], r.Done.Repaired[k]
	}
	for _, reason := range reconcile.Reasons() {
		s.Skipped[string(reason)] = r.Done.Skipped[reason]
	}
	for _, f := range r.Done.Failed {
		s.Failed = append(s.Failed, failure{f.Team, f.Err.Error()})
	}
	return s
}

func show(w io.Writer, format string, s summary) error {
	if format == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(s)
	}
	if s.Teams == 0 && s.Error != "" {
		return nil // nothing was found; the error says it all
	}
	_, err := io.WriteString(w, s.text())
	return err
}

func (s summary) text() string {
	did := func(done, todo string) string {
		if s.planned {
			return todo
		}
		return done
	}
	var b strings.Builder
	took := time.Duration(s.DurationSeconds * float64(time.Second)).Round(time.Millisecond)
	fmt.Fprintf(&b, "%s (%s)\n", s.headline(), took)
	line := func(name string, n int, note string) {
		if n != 0 {
			b.WriteString(strings.TrimRight(fmt.Sprintf("  %-19s %6d  %s", name, n, note), " ") + "\n")
		}
	}
	line("missing row", s.Drifted[string(plan.MissingRow)], "no permission row yet")
	line("missing servers", s.Drifted[string(plan.MissingServers)], "the row lacks servers that a group grants")
	line("excess servers", s.Drifted[string(plan.ExcessServers)], "the row has servers that no group grants any more")
	line("shared row", s.Drifted[string(plan.SharedRow)], "of these: the row serves others too, the team gets a copy")
	line(did("servers granted", "servers to grant"), s.ServersGranted, "")
	line(did("servers revoked", "servers to revoke"), s.ServersRevoked, "")
	line(did("ceilings created", "ceilings to create"), s.CeilingsCreated, "first server in a row: keys with a list of their own are limited to it")
	line(did("ceilings removed", "ceilings to remove"), s.CeilingsRemoved, "last server out of a row: keys with a list of their own get all of it")
	line("ledger renewed", s.Settled, "the row was right already")
	line("skipped: sentinel", s.Skipped[string(reconcile.Sentinel)], "the row grants all servers and is left alone")
	line("skipped: busy", s.Skipped[string(reconcile.Busy)], "locked by another session")
	line("skipped: moved", s.Skipped[string(reconcile.Moved)], "changed meanwhile, left to the next pass")
	line("skipped: gone", s.Skipped[string(reconcile.Gone)], "deleted by LiteLLM, forgotten by the ledger")
	line("failed", len(s.Failed), "")
	line("dangling groups", s.Dangling, "references to access groups that do not exist")
	if s.Mismatches != nil {
		line("mismatched groups", *s.Mismatches, "assigned_team_ids disagrees with the teams, which are what counts")
	}
	for _, f := range s.Failed {
		fmt.Fprintf(&b, "  team %s: %s\n", f.Team, f.Error)
	}
	return b.String()
}

func (s summary) headline() string {
	drifted := fmt.Sprintf("%d of %s with access groups drifted", s.DriftedTeams, plural(s.Teams, "team"))
	switch {
	case s.Error != "" && s.RepairedTeams == 0:
		return drifted + ", nothing written"
	case s.DriftedTeams == 0:
		return fmt.Sprintf("In sync: %s with access groups, %s", plural(s.Teams, "team"), plural(s.AccessGroups, "access group"))
	case s.DryRun:
		return drifted + ", nothing written: this is a dry run"
	}
	return fmt.Sprintf("Repaired %d of %s, of %d with access groups", s.RepairedTeams, plural(s.DriftedTeams, "drifted team"), s.Teams)
}

// unfinished says in a line what is left to do.
func unfinished(o reconcile.Outcome) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{len(o.Failed), "failed"}, {o.Skipped[reconcile.Busy], "locked by another session"}, {o.Skipped[reconcile.Moved], "changed meanwhile"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

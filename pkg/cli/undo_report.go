package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/reconcile"
)

// shownTeams is how many teams the text of a proposal names; JSON names all.
const shownTeams = 10

// undoResult is the JSON form of what a revert or an adoption would do or did.
type undoResult struct {
	Result          string         `json:"result"`
	Error           string         `json:"error,omitempty"`
	DryRun          bool           `json:"dry_run"`
	Teams           int            `json:"teams"`
	ServersRevoked  int            `json:"servers_revoked"`
	EntriesAdopted  int            `json:"entries_adopted"`
	EntriesDisowned int            `json:"entries_disowned"`
	CeilingsRemoved int            `json:"ceilings_removed"`
	RowsGivenUp     int            `json:"rows_given_up"`
	RowsDeleted     int            `json:"rows_deleted"`
	Forgotten       int            `json:"teams_forgotten"`
	Skipped         map[string]int `json:"skipped"`
	Failed          []failure      `json:"failed"`
}

func newUndoResult(dryRun bool) undoResult {
	u := undoResult{Result: "ok", DryRun: dryRun, Skipped: map[string]int{}, Failed: []failure{}}
	for _, reason := range reconcile.Reasons() {
		u.Skipped[string(reason)] = 0
	}
	return u
}

type undoTeam struct {
	Team     string   `json:"team"`
	Alias    string   `json:"team_alias"`
	Row      string   `json:"row"`
	Action   string   `json:"action"`
	Sentinel bool     `json:"sentinel"`
	Before   []string `json:"before"`
	After    []string `json:"after"`
	Removed  []string `json:"removed"`
	Adopted  []string `json:"adopted"`
	Disowned []string `json:"disowned"`
}

// report shows teams as they are proposed, and at the end what came of it.
type report struct {
	screen
	*spool
	verb   string
	teams  int
	result undoResult
}

func (r *report) open() {
	if r.json {
		r.print(`{"teams":[`)
	}
}

// team shows what is proposed for one team.
func (r *report) team(p reconcile.Proposal) error {
	r.teams++
	r.result.ServersRevoked += len(p.Change.Removed)
	r.result.EntriesAdopted += len(p.Adopted)
	r.result.EntriesDisowned += len(p.Disowned)
	if p.Change.CeilingRemoved {
		r.result.CeilingsRemoved++
	}
	switch {
	case p.Change.Sentinel:
		r.result.Skipped[string(reconcile.Sentinel)]++
	case p.Action == "", p.Action == ledger.Settled:
		r.result.Forgotten++
	default:
		r.result.Teams++
	}
	if p.Action == ledger.Unlinked || p.Action == ledger.Relinked {
		r.result.RowsGivenUp++
	}
	switch {
	case r.json:
		r.print(map[bool]string{true: "\n", false: ",\n"}[r.teams == 1])
		line, err := json.Marshal(undoTeam{
			Team: p.Team, Alias: p.Alias, Row: p.Row, Action: string(p.Action), Sentinel: p.Change.Sentinel,
			Before: list(p.Change.Before), After: list(p.Change.After), Removed: list(p.Change.Removed), Adopted: list(p.Adopted), Disowned: list(p.Disowned),
		})
		if err != nil {
			return err
		}
		r.print("  " + string(line))
	case r.teams <= shownTeams:
		r.print(r.block(p))
	}
	return nil
}

func list(items []string) []string { return append([]string{}, items...) }

func (r *report) block(p reconcile.Proposal) string {
	text := r.bold("team "+word(p.Team)) + named(p.Alias) + ": " + fate(p) + "\n"
	for _, s := range p.Change.Removed {
		text += "  " + r.red("- "+word(s)) + "\n"
	}
	for _, s := range p.Adopted {
		text += "  " + r.yellow("= "+word(s)) + "\n"
	}
	for _, s := range p.Disowned {
		text += "  " + r.yellow("~ "+word(s)) + "\n"
	}
	return text
}

// fate says what becomes of the team's row.
func fate(p reconcile.Proposal) string {
	switch {
	case p.Change.Sentinel:
		return "left alone, its row grants all servers"
	case p.Action == ledger.Updated:
		return "taken out of its row"
	case p.Action == ledger.Copied:
		return "its row serves others too, the team gets a copy without"
	case p.Action == ledger.Unlinked:
		return "its row was made for it and holds nothing else, the team is left without one"
	case p.Action == ledger.Relinked:
		return "its row was a copy, the team goes back to the one that it shared"
	case p.Action == ledger.Adopted:
		return "owned from now on, the row stays as it is"
	case p.Action == ledger.Disowned:
		return "owned no longer, the row stays as it is"
	}
	return "nothing of ours is in its row, the ledger forgets it"
}

// planned ends the proposal.
func (r *report) planned(c proposed) {
	if r.json {
		return
	}
	if more := r.teams - shownTeams; more > 0 {
		r.print(fmt.Sprintf("... and %s more (-o json names all)\n", plural(more, "team")))
	}
	if r.teams == 0 {
		r.print(c.none + "\n")
		return
	}
	r.print("\n")
	r.print(fmt.Sprintf("Plan to %s: %s\n", c.verb, r.result.text()))
}

func (u undoResult) text() string {
	text := plural(u.Teams, "team")
	add := func(n int, what, done string) {
		if n > 0 {
			text += ", " + strings.TrimSpace(plural(n, what)+" "+done)
		}
	}
	add(u.ServersRevoked, "server", "taken back")
	add(u.EntriesAdopted, "server", "adopted")
	add(u.EntriesDisowned, "server", "given back to the administrator")
	add(u.CeilingsRemoved, "ceiling", "removed")
	add(u.RowsGivenUp, "row", "given up")
	add(u.RowsDeleted, "row", "deleted")
	add(u.Forgotten, "team", "forgotten")
	add(u.Skipped[string(reconcile.Sentinel)], "team", "left alone (sentinel)")
	add(u.Skipped[string(reconcile.Busy)], "team", "locked by another session")
	add(u.Skipped[string(reconcile.Moved)], "team", "changed meanwhile")
	add(len(u.Failed), "team", "failed")
	return text + "."
}

// done takes what was done in place of what was planned.
func (r *report) done(c proposed, o reconcile.Outcome) {
	sentinels := r.result.Skipped[string(reconcile.Sentinel)]
	r.result = newUndoResult(false)
	r.result.Teams, r.result.Forgotten = o.Teams, o.Settled+o.Skipped[reconcile.Gone]
	r.result.ServersRevoked, r.result.CeilingsRemoved = o.Revoked, o.CeilingsRemoved
	r.result.EntriesAdopted, r.result.EntriesDisowned = o.Adopted, o.Disowned
	r.result.RowsGivenUp, r.result.RowsDeleted = o.GivenUp, o.Deleted
	for reason, n := range o.Skipped {
		r.result.Skipped[string(reason)] = n
	}
	r.result.Skipped[string(reconcile.Sentinel)] += sentinels
	for _, f := range o.Failed {
		r.result.Failed = append(r.result.Failed, failure{f.Team, f.Err.Error()})
	}
	// Of a row with a sentinel something is owned still.
	if o.Unfinished() > 0 || r.result.Skipped[string(reconcile.Sentinel)] > 0 {
		r.result.Result = "partial"
	}
	if r.json || r.teams == 0 && r.result.RowsDeleted == 0 {
		return
	}
	r.print(fmt.Sprintf("%s: %s\n", c.done, r.result.text()))
	for _, f := range r.result.Failed {
		r.print(fmt.Sprintf("  team %s: %s\n", word(f.Team), f.Error))
	}
}

// close ends the output and returns the error that the command ends with.
func (r *report) close(ctx context.Context, err error) error {
	if err != nil {
		r.result.Result, r.result.Error = "error", err.Error()
	}
	if r.json {
		end, encodeErr := json.MarshalIndent(r.result, "", "  ")
		if encodeErr != nil {
			return encodeErr
		}
		r.print("\n],\n\"summary\": " + string(end) + "}\n")
	}
	shown := r.release(ctx)
	switch {
	case err != nil:
		return err
	case shown != nil:
		return shown
	case r.result.Result == "partial":
		return exit{exitError, errors.New(r.verb + ": some teams are left, of: " + r.result.text())}
	}
	return nil
}

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"litellm-reconciler/pkg/ledger"
)

// changeJSON is a change as others read it: names are added to it, and never
// change their meaning.
type changeJSON struct {
	ID          int64               `json:"change_id"`
	Time        time.Time           `json:"time"`
	Team        string              `json:"team"`
	Alias       *string             `json:"team_alias"`
	Action      ledger.Action       `json:"action"`
	Row         string              `json:"row"`
	PreviousRow *string             `json:"previous_row"`
	Before      []string            `json:"before"` // null where there was no row
	After       []string            `json:"after"`
	Added       []string            `json:"added"`
	Removed     []string            `json:"removed"`
	GrantedBy   map[string][]string `json:"granted_by"`
	Run         runJSON             `json:"run"`
}

type runJSON struct {
	ID       uuid.UUID  `json:"run_id"`
	Started  time.Time  `json:"started_at"`
	Finished *time.Time `json:"finished_at"` // null for an interrupted run
	Trigger  string     `json:"trigger"`
	Policy   string     `json:"policy"`
	Version  string     `json:"version"`
	Host     string     `json:"host"`
	Reverts  *uuid.UUID `json:"reverted_run"`
	Result   *string    `json:"result"`
	Repaired *int       `json:"repaired"`
	Failed   *int       `json:"failed"`
}

func newChangeJSON(c ledger.PastChange, alias string) changeJSON {
	j := changeJSON{
		ID: c.ID, Time: c.Time.UTC(), Team: c.Team, Action: c.Action, Row: c.Row, PreviousRow: c.PreviousRow,
		Before: c.Before, After: c.After, Added: c.Added, Removed: c.Removed, GrantedBy: c.GrantedBy, Run: newRunJSON(c.Run),
	}
	if alias != "" {
		j.Alias = &alias
	}
	return j
}

func newRunJSON(r ledger.PastRun) runJSON {
	j := runJSON{
		ID: r.ID, Started: r.Started.UTC(), Trigger: r.Trigger, Policy: string(r.Policy), Version: r.Version, Host: r.Host,
		Reverts: r.Reverts, Result: r.Result, Repaired: r.Repaired, Failed: r.Failed,
	}
	if r.Finished != nil {
		finished := r.Finished.UTC()
		j.Finished = &finished
	}
	return j
}

// historyJSON shows the changes as one JSON object, written as they are read.
type historyJSON struct {
	screen screen
	run    *shownRun
	shown  int
}

func (j *historyJSON) page(changes []ledger.PastChange, aliases map[string]string) error {
	var b bytes.Buffer
	for _, c := range changes {
		if j.shown++; j.shown == 1 {
			b.WriteString("{\n  \"changes\": [\n    ")
		} else {
			b.WriteString(",\n    ")
		}
		if err := encodeTo(&b, "    ", newChangeJSON(c, aliases[c.Team])); err != nil {
			return err
		}
	}
	_, err := j.screen.out.Write(b.Bytes())
	return err
}

func (j *historyJSON) end(more bool, failed error) error {
	var b bytes.Buffer
	if j.shown == 0 {
		b.WriteString("{\n  \"changes\": []")
	} else {
		b.WriteString("\n  ]")
	}
	fmt.Fprintf(&b, ",\n  \"truncated\": %t", more)
	if failed != nil {
		b.WriteString(",\n  \"error\": ")
		if err := encodeTo(&b, "  ", failed.Error()); err != nil {
			return err
		}
	}
	if j.run != nil {
		b.WriteString(",\n  \"run\": ")
		err := encodeTo(&b, "  ", struct {
			runJSON
			RevertedBy []uuid.UUID `json:"reverted_by"`
		}{newRunJSON(j.run.PastRun), j.run.revertedBy})
		if err != nil {
			return err
		}
	}
	b.WriteString("\n}\n")
	_, err := j.screen.out.Write(b.Bytes())
	return err
}

// encodeTo writes a value as indented JSON.
func encodeTo(b *bytes.Buffer, prefix string, v any) error {
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent(prefix, "  ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the newline
	return nil
}

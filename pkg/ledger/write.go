package ledger

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed write.sql
var writeSQL string

//go:embed forget_grants.sql
var forgetGrantsSQL string

// Writes collects what one transaction does to the ledger.
type Writes struct {
	Run     Run
	Entries []Entry
	// Forget are teams that own nothing any more.
	Forget []string
}

// Queue queues the writes. They are to come after those of the permission rows
// in the same transaction, which are read back.
func (w Writes) Queue(q *pgx.Batch, names postgres.Names) error {
	var a arrays
	forget := slices.Clone(w.Forget)
	for _, e := range w.Entries {
		if e.Forget {
			forget = append(forget, e.Team)
		}
		if err := a.add(e); err != nil {
			return fmt.Errorf("encoding the change of team %s: %w", e.Team, err)
		}
	}
	w.Run.queueStart(q, names)
	if len(forget) > 0 {
		q.Queue(names.SQL(forgetGrantsSQL), forget)
	}
	if len(a.teams) > 0 {
		q.Queue(names.SQL(writeSQL), w.Run.ID, a.teams, a.rows, a.previous, a.actions, a.before, a.after, a.owned, a.unions,
			a.revoked, a.revokedNow, a.created, a.policies, a.reasons, a.forget)
	}
	return nil
}

// arrays are the entries by column. A list that the statement finds elsewhere
// is nil there, and so NULL: most lists are sent once, with the row.
type arrays struct {
	teams, rows, actions, policies, reasons         []string
	previous, before, after, owned, unions, revoked []*string
	created, revokedNow, forget                     []bool
}

func (a *arrays) add(e Entry) error {
	reasons, err := object(e.GrantedBy)
	if err != nil {
		return err
	}
	a.teams, a.rows, a.actions = append(a.teams, e.Team), append(a.rows, e.RowID), append(a.actions, string(e.Action))
	a.policies, a.reasons = append(a.policies, string(e.Policy)), append(a.reasons, reasons)
	a.created, a.revokedNow, a.forget = append(a.created, e.RowCreated), append(a.revokedNow, e.RevokedNow), append(a.forget, e.Forget)

	c := e.Change
	var before, after, owned *string
	if c.Before != nil { // else there was no row
		before = text(c.Before)
	}
	if !e.wrote() {
		after = text(c.After)
	}
	if !slices.Equal(c.Owned, c.After) {
		owned = text(c.Owned)
	}
	a.previous, a.before, a.after = append(a.previous, e.PreviousRow), append(a.before, before), append(a.after, after)
	a.owned, a.unions = append(a.owned, owned), append(a.unions, unlessSame(e.Union, c.Owned))
	a.revoked = append(a.revoked, unlessSame(e.Revoked, nil))
	return nil
}

// wrote reports whether the permission row was written, so that it holds
// Change.After by now.
func (e Entry) wrote() bool { return e.Action == Created || e.Action == Copied || e.Action == Updated }

func text(list []string) *string {
	literal := postgres.ArrayLiteral(list)
	return &literal
}

// unlessSame is nil for a list that equals another one.
func unlessSame(list, other []string) *string {
	if slices.Equal(list, other) {
		return nil
	}
	return text(list)
}

// object writes positions by group as JSON, once for every team of a pass.
func object(positions map[string][]int) (string, error) {
	b := []byte{'{'}
	for _, group := range slices.Sorted(maps.Keys(positions)) {
		key, err := json.Marshal(group)
		if err != nil {
			return "", err
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(b, key...), ':', '[')
		for i, n := range positions[group] {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(n), 10)
		}
		b = append(b, ']')
	}
	return string(append(b, '}')), nil
}

// Package ledger remembers, in a schema of its own, which entries of which
// permission row were granted by this program, and every change it made.
package ledger

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
)

//go:embed read_grants.sql
var readGrantsSQL string

//go:embed write_grants.sql
var writeGrantsSQL string

//go:embed forget_grants.sql
var forgetGrantsSQL string

//go:embed write_changes.sql
var writeChangesSQL string

// Grant is what the ledger holds of one team.
type Grant struct {
	RowID      string
	Servers    []string
	RowCreated bool
	// Revoked are entries taken out within the hour, and RevokedFresh is
	// whether that was within the minute, by the database's clock: what comes
	// back later than that no write of LiteLLM's was late with.
	Revoked      []string
	RevokedFresh bool
	// Former are rows that the team had before, by id, most often none.
	Former map[string]Owned
}

// Owned is what was owned in a row when the team left it.
type Owned struct {
	Servers    []string `json:"servers"`
	RowCreated bool     `json:"created"`
}

// In returns the grant as it is in a row, should the team be back at one that it
// had before. LiteLLM writes a row back under the id that it read it under
// (handle_update_object_permission_common).
func (g Grant) In(row string) Grant {
	if former, found := g.Former[row]; found && row != g.RowID {
		return Grant{RowID: row, Servers: former.Servers, RowCreated: former.RowCreated}
	}
	return g
}

// QueueRead queues the reading of the given teams' grants; the map is filled
// when the queue is sent.
func QueueRead(q *pgx.Batch, names postgres.Names, teams []string) map[string]Grant {
	grants := make(map[string]Grant, len(teams))
	q.Queue(names.SQL(readGrantsSQL), teams).Query(func(rows pgx.Rows) error {
		var team string
		var g Grant
		_, err := pgx.ForEachRow(rows, []any{&team, &g.RowID, &g.Servers, &g.RowCreated, &g.Revoked, &g.RevokedFresh, &g.Former},
			func() error {
				grants[team] = g
				g = Grant{}
				return nil
			})
		return err
	})
	return grants
}

// Action says how a row came to be as it is after a change.
type Action string

const (
	// Created is a new row for a team without one.
	Created Action = "created"
	// Copied is a copy of a row that the team shared with something else.
	Copied Action = "copied"
	// Updated is a row written in place.
	Updated Action = "updated"
	// Unlinked is a row of ours that held nothing else: the team has none now.
	Unlinked Action = "unlinked"
	// Relinked is a copy given up for the row that it was made of.
	Relinked Action = "relinked"
	// Adopted are entries that stood in the row and are owned from now on.
	Adopted Action = "adopted"
	// Disowned are entries that stay in the row and are owned no longer.
	Disowned Action = "disowned"
	// Settled is a row that was not written: only what the ledger knows of it
	// changed. It is not recorded as a change.
	Settled Action = "settled"
)

// Entry is what the ledger keeps of one team after a change.
type Entry struct {
	Team, RowID string
	// PreviousRow is what the team pointed at, where that is another row.
	PreviousRow *string
	Action      Action
	// Forget is set where the change is recorded, and nothing is owned after it.
	Forget     bool
	RowCreated bool
	Policy     plan.Policy
	// Union are the servers of the groups, of which the next scan will know
	// that the row has them. Unsettled has it look at the team in any case.
	Union  []string
	Change plan.Change
	// Revoked are to be taken out again should they come back; RevokedNow is
	// whether their time starts now.
	Revoked    []string
	RevokedNow bool
	// GrantedBy maps each group to the positions in Change.After, from 1, of
	// the added or adopted entries that it grants.
	GrantedBy map[string][]int
}

// Unsettled in place of an Entry's Union differs from the union of any groups,
// which holds no blanks.
func Unsettled() []string { return []string{""} }

// Writes collects what one transaction does to the ledger.
type Writes struct {
	Run     Run
	Entries []Entry
	// Forget are teams that own nothing any more.
	Forget []string
}

// Queue queues the writes, as one statement a table.
func (w Writes) Queue(q *pgx.Batch, names postgres.Names) error {
	var grants grantArrays
	var changes changeArrays
	forget := slices.Clone(w.Forget)
	for _, e := range w.Entries {
		if e.Forget {
			forget = append(forget, e.Team)
		} else {
			grants.add(e)
		}
		if e.Action == Settled {
			continue
		}
		if err := changes.add(e); err != nil {
			return fmt.Errorf("encoding the change of team %s: %w", e.Team, err)
		}
	}
	w.Run.queueStart(q, names)
	if len(forget) > 0 {
		q.Queue(names.SQL(forgetGrantsSQL), forget)
	}
	if len(grants.teams) > 0 {
		q.Queue(names.SQL(writeGrantsSQL), grants.teams, grants.rows, grants.owned, grants.created,
			grants.policies, grants.unions, grants.revoked, grants.revokedNow, w.Run.ID)
	}
	if len(changes.teams) > 0 {
		q.Queue(names.SQL(writeChangesSQL), changes.teams, changes.rows, changes.previous, changes.actions,
			changes.before, changes.after, changes.reasons, w.Run.ID)
	}
	return nil
}

type grantArrays struct {
	teams, rows, owned, policies []string
	unions, revoked              []*string
	created, revokedNow          []bool
}

func (a *grantArrays) add(e Entry) {
	owned := e.Change.Owned
	a.teams, a.rows = append(a.teams, e.Team), append(a.rows, e.RowID)
	a.created, a.policies = append(a.created, e.RowCreated), append(a.policies, string(e.Policy))
	a.owned = append(a.owned, postgres.ArrayLiteral(owned))
	a.unions = append(a.unions, unlessSame(e.Union, owned))
	a.revoked = append(a.revoked, unlessSame(e.Revoked, nil))
	a.revokedNow = append(a.revokedNow, e.RevokedNow)
}

type changeArrays struct {
	teams, rows, actions, after, reasons []string
	previous, before                     []*string
}

func (a *changeArrays) add(e Entry) error {
	if e.GrantedBy == nil {
		e.GrantedBy = map[string][]int{} // the view reads an object, not null
	}
	reasons, err := json.Marshal(e.GrantedBy)
	if err != nil {
		return err
	}
	a.teams, a.rows, a.actions = append(a.teams, e.Team), append(a.rows, e.RowID), append(a.actions, string(e.Action))
	var before *string // NULL where there was no row
	if e.Change.Before != nil {
		text := postgres.ArrayLiteral(e.Change.Before)
		before = &text
	}
	a.previous, a.before = append(a.previous, e.PreviousRow), append(a.before, before)
	a.after, a.reasons = append(a.after, postgres.ArrayLiteral(e.Change.After)), append(a.reasons, string(reasons))
	return nil
}

// unlessSame is nil, and so NULL, for a list that equals another one.
func unlessSame(list, other []string) *string {
	if slices.Equal(list, other) {
		return nil
	}
	text := postgres.ArrayLiteral(list)
	return &text
}

// Run is one pass, revert or adoption that writes.
type Run struct {
	ID      uuid.UUID
	Started time.Time
	Trigger string
	Policy  plan.Policy
	Version string
	Host    string
	// Reverts is the run that this one takes back, nil for none.
	Reverts *uuid.UUID
}

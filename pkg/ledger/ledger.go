// Package ledger remembers, in a schema of its own, which entries of which
// permission row were granted by this program, and every change it made.
package ledger

import (
	_ "embed"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
)

//go:embed read_grants.sql
var readGrantsSQL string

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

package litellm

import (
	_ "embed"
	"slices"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed lock_advisory.sql
var lockAdvisorySQL string

//go:embed lock_teams.sql
var lockTeamsSQL string

//go:embed read_teams.sql
var readTeamsSQL string

//go:embed read_rowless.sql
var readRowlessSQL string

//go:embed lock_rows.sql
var lockRowsSQL string

//go:embed lock_links.sql
var lockLinksSQL string

// Team is a team as a repair transaction sees it.
type Team struct {
	// Groups are its access_group_ids without duplicates, sorted.
	Groups []string
	// RowID is its object_permission_id, nil where it has none.
	RowID *string
	// RowExists is false for a link that points at nothing, which a database
	// without the foreign key allows.
	RowExists bool
}

// Batch is what a repair transaction locked and read of some teams.
type Batch struct {
	// Free are the teams whose advisory lock was free, now ours; Locked those
	// whose row was free, and Linkable those of them that may be pointed at
	// another permission row without another lock.
	Free, Locked, Linkable map[string]bool
	// Teams are those that exist, locked or not.
	Teams map[string]Team
	// Grants are the servers that each access group of the teams grants: sorted,
	// each once, and not to be modified. A group is as it was when a team of it
	// was read first.
	Grants map[string][]string
	// Rows are the permission rows that were free, now locked.
	Rows map[string]Row

	lists *Lists
}

// NewBatch returns an empty one. The lists are those of the pass.
func NewBatch(lists *Lists) *Batch {
	return &Batch{
		Free: map[string]bool{}, Locked: map[string]bool{}, Linkable: map[string]bool{},
		Teams: map[string]Team{}, Grants: map[string][]string{}, Rows: map[string]Row{}, lists: lists,
	}
}

// QueueRead queues the statements that lock the given teams and their rows and
// read them again. Nothing waits, so that the order does not matter: what
// another session holds is left out of Locked and Rows. The Batch is filled
// when the queue is sent.
func (b *Batch) QueueRead(q *pgx.Batch, names postgres.Names, ids []string) {
	if len(ids) == 0 {
		return
	}
	q.Queue(lockAdvisorySQL, ids).Query(each(func(id string) { b.Free[id] = true }))
	q.Queue(names.SQL(lockTeamsSQL), ids).Query(each(func(id string) { b.Locked[id] = true }))
	q.Queue(names.SQL(readTeamsSQL), ids).Query(b.scanTeams)
	q.Queue(names.SQL(lockRowsSQL), ids).Query(b.scanRows)
}

// QueueReadRowless does so for teams that had no permission row, with less
// effort: they are locked as their link will be written, and read as they are
// locked. The others among them have to be read with QueueRead. It comes after
// the QueueRead of teams that may lose something.
func (b *Batch) QueueReadRowless(q *pgx.Batch, names postgres.Names, ids []string) {
	if len(ids) == 0 {
		return
	}
	q.Queue(lockAdvisorySQL, ids).Query(each(func(id string) { b.Free[id] = true }))
	q.Queue(names.SQL(readRowlessSQL), ids).Query(b.scanTeams)
}

// Others are those of the ids that QueueReadRowless did not lock, or found with
// a row by now.
func (b *Batch) Others(ids []string) []string {
	var others []string
	for _, id := range ids {
		if team, found := b.Teams[id]; found && team.RowID == nil {
			b.Locked[id], b.Linkable[id] = true, true
		} else {
			others = append(others, id)
		}
	}
	return others
}

func (b *Batch) scanTeams(rows pgx.Rows) error {
	defer rows.Close()
	for rows.Next() {
		raw := rows.RawValues()
		id := string(raw[1])
		if !postgres.Bool(raw[0]) {
			if _, read := b.Grants[id]; read {
				continue // beside groups of another snapshot it might lack what they got
			}
			granted, err := b.lists.of(id, raw[4])
			if err != nil {
				return err
			}
			b.Grants[id] = granted
			continue
		}
		list, err := postgres.Texts(raw[4])
		if err != nil {
			return err
		}
		slices.Sort(list)
		team := Team{Groups: slices.Compact(list), RowExists: postgres.Bool(raw[3])}
		if raw[2] != nil {
			row := string(raw[2])
			team.RowID = &row
		}
		b.Teams[id] = team
	}
	return rows.Err()
}

func (b *Batch) scanRows(rows pgx.Rows) error {
	defer rows.Close()
	for rows.Next() {
		raw := rows.RawValues()
		row := Row{ID: string(raw[0]), OtherGrants: postgres.Bool(raw[2])}
		var err error
		if row.Servers, err = postgres.Texts(raw[1]); err != nil {
			return err
		}
		b.Rows[row.ID] = row
	}
	return rows.Err()
}

// Link is a team's pointer to its permission row, to be moved.
type Link struct {
	Team string
	// Old is what the team must still point at, New what it is to point at;
	// nil for nothing.
	Old, New *string
}

// QueueLockLinks queues the locks on the teams of these links. The set holds,
// once the queue is sent, the teams that were free and still point where the
// link says.
func QueueLockLinks(q *pgx.Batch, names postgres.Names, links []Link) map[string]bool {
	free := make(map[string]bool, len(links))
	teams, old := make([]string, len(links)), make([]*string, len(links))
	for i, l := range links {
		teams[i], old[i] = l.Team, l.Old
	}
	q.Queue(names.SQL(lockLinksSQL), teams, old).Query(each(func(id string) { free[id] = true }))
	return free
}

func each(f func(string)) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var s string
		_, err := pgx.ForEachRow(rows, []any{&s}, func() error { f(s); return nil })
		return err
	}
}

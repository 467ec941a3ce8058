package litellm

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"litellm-reconciler/pkg/postgres"
)

//go:embed insert_rows.sql
var insertRowsSQL string

//go:embed copy_rows.sql
var copyRowsSQL string

//go:embed update_rows.sql
var updateRowsSQL string

//go:embed link_teams.sql
var linkTeamsSQL string

// ErrConflict is the error of a compare-and-set that found something else than
// the plan was made from. Nothing of its transaction may be committed.
var ErrConflict = errors.New("rows changed under their lock")

// Writes collects what one transaction does to LiteLLM's tables. Only
// mcp_servers and object_permission_id are ever written.
type Writes struct {
	// Insert are new rows, by id.
	Insert []RowWrite
	// Copy are new rows made of an old one, with servers of their own.
	Copy []RowWrite
	// Update are rows to be compared and set.
	Update []RowWrite
	// Links are set after the rows they point at are there.
	Links []Link
}

// RowWrite is one permission row to be written.
type RowWrite struct {
	ID string
	// Source is the row that a copy is made of.
	Source        string
	Before, After []string
}

// Queue queues the writes as one statement a kind. Each fails with ErrConflict
// unless it met every row it was meant for.
func (w Writes) Queue(q *pgx.Batch, names postgres.Names, c Catalog) {
	if n := len(w.Insert); n > 0 {
		a := arrays(w.Insert)
		q.Queue(names.SQL(insertRowsSQL), a.ids, a.after).Exec(met(n, "inserting rows"))
	}
	if n := len(w.Copy); n > 0 {
		a := arrays(w.Copy)
		columns, source := copiedColumns(c)
		q.Queue(names.SQL(copyRowsSQL, "{columns}", columns, "{source_columns}", source),
			a.ids, a.after, a.sources).Exec(met(n, "copying shared rows"))
	}
	if n := len(w.Update); n > 0 {
		a := arrays(w.Update)
		q.Queue(names.SQL(updateRowsSQL), a.ids, a.before, a.after).Exec(met(n, "updating rows"))
	}
	if n := len(w.Links); n > 0 {
		teams, old, rows := make([]string, n), make([]*string, n), make([]*string, n)
		for i, l := range w.Links {
			teams[i], old[i], rows[i] = l.Team, l.Old, l.New
		}
		q.Queue(names.SQL(linkTeamsSQL), teams, old, rows).Exec(met(n, "linking teams"))
	}
}

// copiedColumns are all columns but the two that a copy gets anew: the ones of
// a LiteLLM version that nobody knew here included.
func copiedColumns(c Catalog) (columns, source string) {
	var b, s strings.Builder
	for _, name := range c.PermissionColumns {
		if name != "object_permission_id" && name != "mcp_servers" {
			b.WriteString(", " + postgres.Quote(name))
			s.WriteString(", p." + postgres.Quote(name))
		}
	}
	return b.String(), s.String()
}

func met(want int, doing string) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		if got := tag.RowsAffected(); got != int64(want) {
			return fmt.Errorf("%s: %d of %d were as planned: %w", doing, got, want, ErrConflict)
		}
		return nil
	}
}

type rowArrays struct{ ids, sources, before, after []string }

func arrays(rows []RowWrite) (a rowArrays) {
	for _, r := range rows {
		a.ids = append(a.ids, r.ID)
		a.sources = append(a.sources, r.Source)
		a.before = append(a.before, postgres.ArrayLiteral(r.Before))
		a.after = append(a.after, postgres.ArrayLiteral(r.After))
	}
	return a
}

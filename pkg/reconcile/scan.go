package reconcile

import (
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
)

//go:embed scan.sql
var scanSQL string

//go:embed examine.sql
var examineSQL string

//go:embed gone.sql
var goneSQL string

//go:embed no_grants.sql
var noGrantsSQL string

// examineSize is how many teams are read in full at once.
const examineSize = 2000

// Target is a team to be repaired.
type Target struct {
	Team string
	// Row is the permission row it had when it was scanned, "" for none.
	Row string
	// Stale is set where the row was right and only the ledger's entry was not.
	Stale bool
}

// Found is what a scan saw.
type Found struct {
	plan.Counts
	// Drift counts teams by kind; a team can be of several kinds.
	Drift map[plan.Kind]int
	// Drifted are the teams whose row has to be written.
	Drifted []Target
	// Stale are teams whose row is right and whose ledger entry is not: an
	// administrator changed the row, or LiteLLM deleted the team.
	Stale []Target
	// Sentinels are teams left alone for a sentinel in their row.
	Sentinels int
	// Granted and Revoked are the entries that a repair would add and remove.
	Granted, Revoked int
	// Dangling are references of teams to access groups that do not exist.
	Dangling int
	// Mismatches are access groups whose list of teams disagrees with the
	// teams; -1 when only some teams were looked at.
	Mismatches int
	// Examined are the teams that had to be read in full.
	Examined int

	shared map[string]bool
}

// scan reads one snapshot in a transaction that the server keeps from writing.
// Its memory grows with the access groups and the drifted teams.
func (r *Reconciler) scan(ctx context.Context, catalog litellm.Catalog, withLedger bool) (Found, error) {
	s := scanner{
		Reconciler: r, withLedger: withLedger,
		found: Found{Drift: map[plan.Kind]int{}, Mismatches: -1},
	}
	// Compiling the scan would take longer than it saves.
	snapshot := pgx.TxOptions{BeginQuery: fmt.Sprintf(
		"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = %d; SET LOCAL jit = off",
		milliseconds(r.LockTimeout))}
	err := pgx.BeginTxFunc(ctx, r.pool, snapshot, func(tx pgx.Tx) error {
		selection, err := r.Selection.resolve(ctx, tx, r.Names, r.log)
		if err != nil {
			return err
		}
		s.groups, err = litellm.ReadGroups(ctx, tx, r.Names)
		if err != nil {
			return err
		}
		s.found.Groups = s.groups.Len()
		if err := s.compare(ctx, tx, selection); err != nil {
			return err
		}
		for ids := range slices.Chunk(s.suspects, examineSize) {
			if err := s.examine(ctx, tx, ids); err != nil {
				return err
			}
		}
		if selection.everything() {
			s.found.Mismatches = s.groups.Mismatches()
			if err := s.gone(ctx, tx); err != nil {
				return err
			}
		}
		s.found.shared, err = litellm.SharedRows(ctx, tx, r.Names, catalog, rowsOf(s.found.Drifted, s.found.Stale))
		return err
	})
	for _, t := range s.found.Drifted {
		if s.found.shared[t.Row] {
			s.found.Drift[plan.SharedRow]++
		}
	}
	return s.found, err
}

type scanner struct {
	*Reconciler
	withLedger bool
	groups     *litellm.Groups
	suspects   []string
	found      Found
}

// compare streams all teams and clears those whose fingerprints show that they
// are in sync. A team without a row is decided here as well.
func (s *scanner) compare(ctx context.Context, tx pgx.Tx, sel resolved) error {
	rows, err := tx.Query(ctx, s.sql(scanSQL), s.Policy, sel.include, sel.exclude, sel.organizations)
	if err != nil {
		return fmt.Errorf("scanning teams: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		l := line(rows.RawValues())
		m, err := s.groups.Join(l.team(), l.groups())
		if err != nil {
			return fmt.Errorf("scanning teams: %w", err)
		}
		s.found.Teams++
		s.found.Dangling += m.Dangling
		if l.owning() {
			s.found.Owning++
		}
		switch {
		case !l.hasRow() && m.Servers > 0:
			s.found.missing(string(l.team()), m.Servers)
		case !l.known() && !l.hasRow():
		case s.groups.Comparable() && l.inSync(m.Fingerprint):
		default:
			s.suspects = append(s.suspects, string(l.team()))
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("scanning teams: %w", err)
	}
	return nil
}

// missing counts a team that has nothing but grants.
func (f *Found) missing(team string, servers int) {
	f.Drifted = append(f.Drifted, Target{Team: team})
	f.Drift[plan.MissingRow]++
	f.Granted += servers
	f.CeilingsCreated++
}

// examine reads teams in full and decides about each as a repair would.
func (s *scanner) examine(ctx context.Context, tx pgx.Tx, ids []string) error {
	rows, err := tx.Query(ctx, s.sql(examineSQL), ids)
	if err != nil {
		return fmt.Errorf("examining teams: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := s.decide(rows.RawValues()); err != nil {
			return fmt.Errorf("examining teams: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("examining teams: %w", err)
	}
	return nil
}

// decide takes a row of examine.sql in Postgres' binary format.
func (s *scanner) decide(raw [][]byte) error {
	groups, err1 := postgres.Texts(raw[1])
	servers, err2 := postgres.Texts(raw[3])
	owned, err3 := postgres.Texts(raw[6])
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	target := Target{Team: string(raw[0]), Row: string(raw[2])}
	state := plan.Team{Owned: owned, Union: s.groups.Union(groups)}
	if raw[2] != nil {
		state.Row = &litellm.Row{ID: target.Row, Servers: servers, OtherGrants: postgres.Bool(raw[4])}
	}
	s.found.add(target, plan.Decide(s.Policy, state), postgres.Bool(raw[5]))
	return nil
}

func (f *Found) add(t Target, c plan.Change, known bool) {
	f.Examined++
	switch {
	case c.Sentinel:
		f.Sentinels++
	case c.Drifted():
		f.Drifted = append(f.Drifted, t)
		for _, k := range c.Kinds {
			f.Drift[k]++
		}
		f.Granted += len(c.Added)
		f.Revoked += len(c.Removed)
		f.Losing += count(len(c.Removed) > 0)
		f.CeilingsCreated += count(c.CeilingCreated)
		f.CeilingsRemoved += count(c.CeilingRemoved)
	case known:
		t.Stale = true
		f.Stale = append(f.Stale, t)
	}
}

// gone finds teams that LiteLLM deleted. To the guard they are teams that lose
// grants: a team table that was emptied by mistake must not make the ledger
// forget what it owns.
func (s *scanner) gone(ctx context.Context, tx pgx.Tx) error {
	if !s.withLedger {
		return nil
	}
	rows, err := tx.Query(ctx, s.Names.SQL(goneSQL))
	if err != nil {
		return fmt.Errorf("looking for deleted teams: %w", err)
	}
	var team string
	var owning bool
	_, err = pgx.ForEachRow(rows, []any{&team, &owning}, func() error {
		s.found.Stale = append(s.found.Stale, Target{Team: team, Stale: true})
		s.found.Owning += count(owning)
		s.found.Losing += count(owning)
		return nil
	})
	if err != nil {
		return fmt.Errorf("looking for deleted teams: %w", err)
	}
	return nil
}

// sql puts the ledger's table, or nothing in its shape, into a statement.
func (s *scanner) sql(text string) string {
	grants := noGrantsSQL
	if s.withLedger {
		grants = s.Names.SQL("{ledger}.grants")
	}
	return s.Names.SQL(text, "{grants}", grants)
}

// line is a row of scan.sql in Postgres' binary format; nil stands for NULL.
type line [][]byte

func (l line) team() []byte   { return l[0] }
func (l line) groups() []byte { return l[1] }
func (l line) hasRow() bool   { return l[2] != nil }
func (l line) known() bool    { return l[3] != nil }
func (l line) owning() bool   { return postgres.Bool(l[4]) }
func (l line) settled() bool  { return postgres.Bool(l[5]) }

// inSync holds for a row that is the sorted union itself, and for one that is
// as the ledger left it while the union is what it was then.
func (l line) inSync(union int64) bool {
	if !l.known() {
		return l.hasRow() && number(l[2]) == union
	}
	return l.settled() && number(l[3]) == union
}

func number(raw []byte) int64 { return int64(binary.BigEndian.Uint64(raw)) }

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func rowsOf(lists ...[]Target) []string {
	rows := map[string]bool{}
	for _, list := range lists {
		for _, t := range list {
			if t.Row != "" {
				rows[t.Row] = true
			}
		}
	}
	return slices.Collect(maps.Keys(rows))
}

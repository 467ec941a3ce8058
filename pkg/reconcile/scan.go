package reconcile

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
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

//go:embed no_teams.sql
var noTeamsSQL string

//go:embed no_grants.sql
var noGrantsSQL string

// examineSize is how many teams are read in full at once.
const examineSize = 2000

// scan reads one snapshot in a transaction that the server keeps from writing.
// Its memory grows with the access groups and the drifted teams.
func (r *Reconciler) scan(ctx context.Context, catalog litellm.Catalog, withLedger bool) (Found, error) {
	s := scanner{
		Reconciler: r, withLedger: withLedger,
		found: Found{Drift: map[plan.Kind]int{}, Mismatches: -1},
	}
	// Compiling the scan would take longer than it saves.
	snapshot := pgx.TxOptions{BeginQuery: fmt.Sprintf(
		"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = %d; "+
			"SET LOCAL jit = off; SET LOCAL search_path = pg_catalog",
		milliseconds(r.LockTimeout), milliseconds(r.StatementTimeout))}
	ctx, cancel := context.WithTimeout(ctx, 2*unanswered(r.StatementTimeout))
	defer cancel()
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
		case !l.known() && s.withLedger && s.Policy == plan.Exact:
			// Once its groups are detached, only the ledger tells that the
			// row is not an administrator's.
			s.suspects = append(s.suspects, string(l.team()))
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
	revoked, err4 := postgres.Texts(raw[7])
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	target := Target{Team: string(raw[0]), Row: string(raw[2])}
	state := plan.Team{Owned: owned, Revoked: revoked, Union: s.groups.Union(groups)}
	if raw[2] != nil {
		state.Row = &litellm.Row{ID: target.Row, Servers: servers, OtherGrants: postgres.Bool(raw[4])}
	}
	change := plan.Decide(s.Policy, state)
	// Where fingerprints cannot be compared, renewing them would never end.
	renew := s.groups.Comparable() || !slices.Equal(change.Owned, owned)
	s.found.add(target, change, s.withLedger && renew && (state.Row != nil || postgres.Bool(raw[5])))
	return nil
}

// gone finds teams that LiteLLM deleted. To the guard they are teams that lose
// grants: a team table that was emptied by mistake must not make the ledger
// forget what it owns.
func (s *scanner) gone(ctx context.Context, tx pgx.Tx) error {
	if !s.withLedger {
		return nil
	}
	if s.found.Teams == 0 {
		if err := tx.QueryRow(ctx, s.Names.SQL(noTeamsSQL)).Scan(&s.found.NoTeams); err != nil {
			return fmt.Errorf("looking for any team: %w", err)
		}
	}
	rows, err := tx.Query(ctx, s.Names.SQL(goneSQL))
	if err != nil {
		return fmt.Errorf("looking for deleted teams: %w", err)
	}
	var team string
	var owning bool
	_, err = pgx.ForEachRow(rows, []any{&team, &owning}, func() error {
		s.found.Stale = append(s.found.Stale, Target{Team: team, Stale: true, Loses: owning})
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

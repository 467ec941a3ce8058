package reconcile

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

//go:embed scan.sql
var scanSQL string

//go:embed gone.sql
var goneSQL string

//go:embed count_groups.sql
var countGroupsSQL string

//go:embed no_teams.sql
var noTeamsSQL string

// scan reads one snapshot in a transaction that the server keeps from writing.
// Its memory grows with the access groups and the drifted teams. In the same
// snapshot it then runs more, unless that is nil.
func (r *Reconciler) scan(ctx context.Context, catalog litellm.Catalog, withLedger bool, more func(pgx.Tx, *scanner) error) (Found, error) {
	s := r.newScanner(withLedger)
	s.strict = more != nil
	err := r.look(ctx, func(tx pgx.Tx) error {
		if err := s.all(ctx, tx, catalog); err != nil || more == nil {
			return err
		}
		return more(tx, s)
	})
	return s.found, err
}

func (r *Reconciler) newScanner(withLedger bool) *scanner {
	return &scanner{Reconciler: r, withLedger: withLedger, found: Found{Drift: map[plan.Kind]int{}, Mismatches: -1}}
}

type scanner struct {
	*Reconciler
	withLedger bool
	// some are the only teams to look at, nil for all.
	some []string
	// strict refuses a selection of nobody.
	strict   bool
	groups   *litellm.Groups
	suspects []string
	found    Found
}

// all fills in what is found.
func (s *scanner) all(ctx context.Context, tx pgx.Tx, catalog litellm.Catalog) error {
	ctx, cancel := context.WithTimeout(ctx, 2*unanswered(s.StatementTimeout))
	defer cancel()
	selection, err := s.Selection.resolve(ctx, tx, s.Names, s.log)
	if err != nil {
		return err
	}
	if err := selection.somebody(); err != nil {
		if s.strict {
			return err
		}
		s.log.Warn(err.Error())
	}
	s.groups, err = litellm.ReadGroups(ctx, tx, s.Names)
	if err != nil {
		return err
	}
	s.found.Groups = s.groups.Len()
	if err := s.teams(ctx, tx, selection); err != nil {
		return err
	}
	if selection.everything() {
		s.found.Mismatches = s.groups.Mismatches()
	}
	shared, err := s.shared(ctx, tx, catalog, &s.found.Drifted, &s.found.Stale)
	s.found.share(shared)
	return err
}

// teams looks at the teams, once the groups are read.
func (s *scanner) teams(ctx context.Context, tx pgx.Tx, selection resolved) error {
	if err := s.compare(ctx, tx, selection); err != nil {
		return err
	}
	for ids := range slices.Chunk(s.suspects, examineSize) {
		if err := s.examine(ctx, tx, ids, s.decide); err != nil {
			return err
		}
	}
	if selection.everything() {
		return s.gone(ctx, tx)
	}
	return nil
}

// compare streams all teams and clears those whose fingerprints show that they
// are in sync. A team without a row is decided here as well.
func (s *scanner) compare(ctx context.Context, tx pgx.Tx, sel resolved) error {
	sql, args := s.narrow(s.sql(scanSQL), "t.team_id", s.Policy, sel.include, sel.exclude, sel.organizations)
	rows, err := tx.Query(ctx, sql, args...)
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
		if !l.known() && m.Groups+m.Dangling == 0 {
			continue // nothing but blanks
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

// decide takes a team's place in what was found.
func (s *scanner) decide(t examined) {
	change := plan.Decide(s.Policy, t.Team)
	// Where fingerprints cannot be compared, renewing them would never end.
	renew := s.groups.Comparable() || !slices.Equal(change.Owned, t.Owned)
	s.found.add(Target{Team: t.id, Row: t.row, Ours: t.ours}, change, s.withLedger && renew && (t.Row != nil || t.known))
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
	sql, args := s.narrow(s.Names.SQL(goneSQL), "g.team_id")
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("looking for deleted teams: %w", err)
	}
	var team string
	var owning bool
	_, err = pgx.ForEachRow(rows, []any{&team, &owning}, func() error {
		s.found.Stale.Add(Target{Team: team, Stale: true, Loses: owning})
		s.found.Owning += count(owning)
		s.found.Losing += count(owning)
		return nil
	})
	if err != nil {
		return fmt.Errorf("looking for deleted teams: %w", err)
	}
	return nil
}

// narrow puts into a statement that it is about some teams only. Without them
// it is another statement, and not one with a condition that is always true:
// the planner must know.
func (s *scanner) narrow(sql, column string, args ...any) (string, []any) {
	if s.some == nil {
		return strings.ReplaceAll(sql, "{some}", ""), args
	}
	args = append(args, s.some)
	return strings.ReplaceAll(sql, "{some}", fmt.Sprintf("%s = ANY ($%d) AND", column, len(args))), args
}

package reconcile

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
)

//go:embed examine.sql
var examineSQL string

//go:embed no_grants.sql
var noGrantsSQL string

// examineSize is how many teams are read in full at once.
const examineSize = 2000

// examined is a team that was read in full.
type examined struct {
	id string
	// row is the permission row that it has, "" for none.
	row string
	// groups are its access_group_ids as stored.
	groups []string
	// known is whether the ledger has an entry, and ours whether that is about
	// this row.
	known, ours bool
	// Team is all that a repair would decide from, except who shares the row.
	plan.Team
}

// examine reads teams in full, in no particular order.
func (s *scanner) examine(ctx context.Context, tx pgx.Tx, ids []string, each func(examined)) error {
	rows, err := tx.Query(ctx, s.sql(examineSQL), ids)
	if err != nil {
		return fmt.Errorf("examining teams: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		t, err := s.examined(rows.RawValues())
		if err != nil {
			return fmt.Errorf("examining teams: %w", err)
		}
		each(t)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("examining teams: %w", err)
	}
	return nil
}

// examined takes a row of examine.sql in Postgres' binary format.
func (s *scanner) examined(raw [][]byte) (t examined, err error) {
	groups, err1 := postgres.Texts(raw[1])
	servers, err2 := postgres.Texts(raw[3])
	owned, err3 := postgres.Texts(raw[7])
	revoked, err4 := postgres.Texts(raw[8])
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return t, err
	}
	t = examined{id: string(raw[0]), row: string(raw[2]), groups: groups, known: postgres.Bool(raw[5]), ours: postgres.Bool(raw[6])}
	t.Team = plan.Team{Owned: owned, Revoked: revoked, Union: s.groups.Union(groups)}
	if raw[2] != nil {
		t.Row = &litellm.Row{ID: t.row, Servers: servers, OtherGrants: postgres.Bool(raw[4])}
	}
	return t, nil
}

// sql puts the ledger's table, or nothing in its shape, into a statement.
func (s *scanner) sql(text string) string {
	grants := noGrantsSQL
	if s.withLedger {
		grants = s.Names.SQL("{ledger}.grants")
	}
	return s.Names.SQL(text, "{grants}", grants)
}

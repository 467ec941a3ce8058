package reconcile

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

//go:embed holdings.sql
var holdingsSQL string

// holding is a team of which the ledger owns something.
type holding struct {
	team, alias string
	// row is what the team points at, "" for nothing; ownRow is the one in
	// which the ledger owns something.
	row, ownRow string
	plan.Holding
	// revoked are entries taken out within the hour, and fresh is whether that
	// was within the minute.
	revoked []string
	fresh   bool
	// copied is whether the row was made as a copy of another one.
	copied bool
	// adopted is set where what is to be taken back had been adopted: it is
	// the administrator's, and stays in the row.
	adopted bool
}

// holdings decodes the rows of holdings.sql. With a run only what that run
// granted is to be taken, else everything.
func holdings(rows pgx.Rows, run *uuid.UUID, shared map[string]bool, each func(holding) error) error {
	defer rows.Close()
	for rows.Next() {
		var h holding
		var source litellm.Row
		var granted []string
		err := rows.Scan(&h.team, &h.alias, &h.row, &h.ownRow, &h.Row.Servers, &h.Row.OtherGrants,
			&h.Owned, &h.revoked, &h.fresh, &h.Created, &h.Bare, &h.copied, &source.ID, &source.Servers, &granted, &h.adopted)
		if err != nil {
			return fmt.Errorf("reading what the ledger owns: %w", err)
		}
		h.Row.ID, h.Shared = h.row, shared[h.row]
		if source.ID != "" {
			h.Source = &source
		}
		if run != nil {
			h.Take = common(h.Owned, granted)
		} else { // what LiteLLM wrote back since is ours, too
			h.Take = slices.Concat(h.Owned, common(h.revoked, h.Row.Servers))
		}
		if err := each(h); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading what the ledger owns: %w", err)
	}
	return nil
}

// common are the elements of a that are in b too.
func common(a, b []string) []string {
	in := make(map[string]bool, len(b))
	for _, s := range b {
		in[s] = true
	}
	list := []string{}
	for _, s := range a {
		if in[s] {
			list = append(list, s)
		}
	}
	return list
}

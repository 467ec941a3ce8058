package reconcile

import (
	"context"
	_ "embed"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/litellm"
)

//go:embed links.sql
var linksSQL string

// surveyLimit is how long a survey may be relied on.
const surveyLimit = 5 * time.Minute

// survey is what was known of the owners of permission rows at a time.
type survey struct {
	began  time.Time
	shared map[string]bool
	// links are hashes: there is one for each team that has a row.
	links map[uint64]struct{}
	seed  maphash.Seed
}

// saw reports whether the team had its row then.
func (s *survey) saw(t Target) bool {
	_, found := s.links[s.link(t.Team, t.Row)]
	return found
}

func (s *survey) link(team, row string) uint64 {
	return maphash.Comparable(s.seed, [2]string{team, row})
}

// Survey finds out which permission rows have several owners. LiteLLM indexes
// none of that, so it cannot be asked for with each event: React relies on the
// last survey, except for a row that the team did not have then. It scans every
// owner table.
func (r *Reconciler) Survey(ctx context.Context, s *Standing) error {
	catalog, _, err := r.inspect(ctx, false)
	if err != nil {
		return err
	}
	found := &survey{began: r.now(), links: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
	err = r.look(ctx, func(tx pgx.Tx) error {
		ctx, cancel := r.answered(ctx)
		defer cancel()
		if found.shared, err = litellm.AllSharedRows(ctx, tx, r.Names, catalog); err != nil {
			return err
		}
		return r.readLinks(ctx, tx, found)
	})
	if err != nil {
		return r.withGrants(ctx, catalog, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.survey = found
	return nil
}

func (r *Reconciler) readLinks(ctx context.Context, tx pgx.Tx, s *survey) error {
	rows, err := tx.Query(ctx, r.Names.SQL(linksSQL))
	if err != nil {
		return fmt.Errorf("reading which rows the teams have: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		raw := rows.RawValues()
		s.links[s.link(string(raw[0]), string(raw[1]))] = struct{}{}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading which rows the teams have: %w", err)
	}
	return nil
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

// mayLook checks that the ledger is installed and may be read. It names the
// rights that looking takes before the check of the ledger's version would name
// those that repairing takes.
func (a *app) mayLook(ctx context.Context) error {
	missing, err := postgres.MissingRights(ctx, a.pool, ledger.LookRights(a.names))
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		role, err := postgres.CurrentRole(ctx, a.pool)
		if err != nil {
			return err
		}
		return errors.New("a right is missing, run as the owner of the schema: " + postgres.GrantStatements(missing, role))
	}
	return a.migrator.Check(ctx)
}

// findTeam returns the id of the team that goes by a name. An id counts more
// than an alias, as the team that has it can be named in no other way.
func (a *app) findTeam(ctx context.Context, name string) (string, error) {
	var known bool
	err := a.look(ctx, func(tx pgx.Tx) (err error) {
		known, err = ledger.KnowsTeam(ctx, tx, a.names, name)
		return err
	})
	if err != nil || known {
		return name, err
	}
	var ids []string
	err = a.look(ctx, func(tx pgx.Tx) (err error) {
		ids, err = litellm.FindTeams(ctx, tx, a.names, name)
		return err
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("the ledger has no changes of a team with the id %q, and LiteLLM's teams cannot be read: %w", name, err)
	case slices.Contains(ids, name):
		return name, nil
	case len(ids) == 0:
		return "", fmt.Errorf("no team has the id or alias %q, neither in LiteLLM nor in the ledger", name)
	case len(ids) > 1:
		return "", fmt.Errorf("several teams have the alias %q, name one by its id: %s", name, few(inWords(ids), 10, math.MaxInt))
	}
	return ids[0], nil
}

// findRun reads the run whose id is, or begins with, the text.
func (h *history) findRun(ctx context.Context, text string) error {
	err := h.look(ctx, func(tx pgx.Tx) error {
		id, err := ledger.FindRun(ctx, tx, h.names, text)
		if err != nil {
			return err
		}
		h.run = &shownRun{}
		h.run.PastRun, h.run.revertedBy, err = ledger.ReadRun(ctx, tx, h.names, id)
		h.filter.Run = id
		return err
	})
	if errors.Is(err, ledger.ErrRunID) {
		return usage(fmt.Errorf("--run: %w", err))
	}
	return err
}

// parseSince reads a duration back from now, or a time, which is in the zone of
// now where it names none. Days are those of the calendar.
func parseSince(text string, now time.Time) (time.Time, error) {
	if days, found := strings.CutSuffix(text, "d"); found {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02 15:04", time.DateTime} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--since %q is neither a duration back, as 90m, 24h or 7d, nor a time, as 2006-01-02 "+
		"or \"2006-01-02 15:04\" in the local time zone (%s), or RFC 3339", text, now.Format("MST"))
}

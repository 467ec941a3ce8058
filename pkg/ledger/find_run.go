package ledger

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed find_run.sql
var findRunSQL string

//go:embed taken_back.sql
var takenBackSQL string

// ErrRunID is wrapped by the error about a text that can be no run's id.
var ErrRunID = errors.New("not the id of a run")

// At least eight characters, so that a prefix is no accident.
var runPrefix = regexp.MustCompile(`^[0-9a-f]{8}[0-9a-f-]{0,28}$`)

// FindRun returns the run whose id is text, or begins with it.
func FindRun(ctx context.Context, q postgres.Querier, names postgres.Names, text string) (uuid.UUID, error) {
	if text = strings.ToLower(strings.TrimSpace(text)); !runPrefix.MatchString(text) {
		return uuid.Nil, fmt.Errorf("%q is %w: give it as history shows it, or its first eight characters and more", text, ErrRunID)
	}
	rows, err := q.Query(ctx, names.SQL(findRunSQL), text)
	if err != nil {
		return uuid.Nil, fmt.Errorf("looking for run %s: %w", text, err)
	}
	var id, found uuid.UUID
	var started time.Time
	var trigger string
	var candidates []string
	_, err = pgx.ForEachRow(rows, []any{&id, &started, &trigger}, func() error {
		found = id
		candidates = append(candidates, fmt.Sprintf("%s (%s, %s)", id, trigger, started.Local().Format(time.DateTime)))
		return nil
	})
	switch {
	case err != nil:
		return uuid.Nil, fmt.Errorf("looking for run %s: %w", text, err)
	case len(candidates) == 0:
		return uuid.Nil, fmt.Errorf("the ledger has no run %s", text)
	case len(candidates) > 1:
		return uuid.Nil, fmt.Errorf("several runs begin with %s: %s", text, strings.Join(candidates, ", "))
	}
	return found, nil
}

// NothingLeft is the error of a revert that finds nothing which the run granted
// and the ledger still owns; it says why.
func NothingLeft(ctx context.Context, q postgres.Querier, names postgres.Names, run uuid.UUID) error {
	rows, err := q.Query(ctx, names.SQL(takenBackSQL), run)
	if err != nil {
		return fmt.Errorf("looking for what reverted run %s: %w", run, err)
	}
	var by uuid.UUID
	var at time.Time
	tag, err := pgx.ForEachRow(rows, []any{&by, &at}, func() error { return nil })
	switch {
	case err != nil:
		return fmt.Errorf("looking for what reverted run %s: %w", run, err)
	case tag.RowsAffected() > 0:
		return fmt.Errorf("run %s was reverted already, by run %s at %s", run, by, at.Local().Format(time.DateTime))
	}
	return fmt.Errorf("nothing is left of run %s: what it granted is no longer owned, or it granted nothing", run)
}

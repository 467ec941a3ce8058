package watch

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

//go:embed triggers.sql
var triggersSQL string

//go:embed function.sql
var functionSQL string

//go:embed enqueue.sql
var enqueueSQL string

//go:embed remove.sql
var removeSQL string

//go:embed forget.sql
var forgetSQL string

// State says what is there of a trigger.
type State string

const (
	// Installed is a trigger as it should be.
	Installed State = "installed"
	// Missing is one that is not there: never installed, or gone with a table
	// that LiteLLM made anew.
	Missing State = "missing"
	// Disabled is one that somebody switched off.
	Disabled State = "disabled"
	// Powerless is one that runs as a role that lost a right, so that it puts
	// down nothing.
	Powerless State = "powerless"
	// Old is another version's.
	Old State = "old"
)

// Trigger is one of the triggers on LiteLLM's tables.
type Trigger struct {
	Table string
	State State

	definition string
	// owner is the role as which it runs.
	owner string
}

// block is how long LiteLLM's statements may have to wait behind us while we
// wait for a table, at a time; between two tries they get their turn.
const (
	block = 100 * time.Millisecond
	pause = 400 * time.Millisecond
)

// noteRights are the privileges that the triggers need.
func noteRights(names postgres.Names) []postgres.Right {
	rights := []postgres.Right{{Schema: names.Ledger, Privilege: "USAGE"}}
	for _, p := range []string{"SELECT", "INSERT", "UPDATE"} { // UPDATE: to lock
		rights = append(rights, postgres.Right{Schema: names.Ledger, Table: "inbox", Privilege: p})
	}
	return rights
}

// InstallRights are the privileges that Install needs, and that what it
// installs works with.
func InstallRights(names postgres.Names) []postgres.Right {
	rights := []postgres.Right{
		{Schema: names.LiteLLM, Privilege: "USAGE"},
		{Schema: names.Ledger, Privilege: "CREATE"},
		{Schema: names.Ledger, Table: "inbox", Privilege: "INSERT"},
	}
	for _, table := range []string{"LiteLLM_TeamTable", "LiteLLM_AccessGroupTable", "LiteLLM_ObjectPermissionTable"} {
		rights = append(rights, postgres.Right{Schema: names.LiteLLM, Table: table, Privilege: "TRIGGER"})
	}
	return append(rights, Rights(names)...)
}

// Install makes every trigger Installed, and then reads what the teams name.
// It locks none of LiteLLM's tables where nothing is to be done.
func (w Watch) Install(ctx context.Context) error {
	if _, err := litellm.Inspect(ctx, w.Pool, w.Names); err != nil {
		return err
	}
	// The triggers swallow their errors, so nobody would hear of a missing right later.
	if err := postgres.CheckRights(ctx, w.Pool, "tables", InstallRights(w.Names)); err != nil {
		return fmt.Errorf("installing triggers: %w", err)
	}
	triggers, err := w.Status(ctx)
	if err != nil {
		return err
	}
	for _, t := range triggers {
		if t.State == Installed {
			continue
		}
		// Each in a transaction of its own, so that no table of LiteLLM is
		// locked while we wait for another.
		err := w.insist(ctx, func() error {
			return w.transact(ctx, block, "", func(tx pgx.Tx) error { return w.install(ctx, tx, t.Table) })
		})
		if err != nil {
			return fmt.Errorf("installing the trigger on %s: %w", t.Table, err)
		}
	}
	if err := w.insist(ctx, func() error { return w.Refresh(ctx) }); err != nil {
		return err
	}
	return w.Check(ctx) // they may run as a role whose rights are not ours to give
}

func (w Watch) install(ctx context.Context, tx pgx.Tx, table string) error {
	if _, err := tx.Exec(ctx, oneSQL, w.Names.Ledger); err != nil {
		return err
	}
	triggers, err := w.list(ctx, tx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(triggers, func(t Trigger) bool { return t.Table == table })
	if triggers[i].State == Installed { // another one was faster
		return nil
	}
	if _, err := tx.Exec(ctx, w.Names.SQL(functionSQL, "{body}", w.body())); err != nil {
		return err
	}
	definition := triggers[i].definition
	if triggers[i].State != Missing { // to drop it, one would have to own the table
		definition = strings.Replace(definition, "CREATE", "CREATE OR REPLACE", 1)
	}
	_, err = tx.Exec(ctx, definition)
	return err
}

// Remove drops the triggers with all that they put down. Who installed them may
// do it.
func (w Watch) Remove(ctx context.Context) error {
	err := w.insist(ctx, func() error {
		return w.transact(ctx, block, "", func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, w.Names.SQL(removeSQL))
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("removing triggers: %w", err)
	}
	if _, err := w.Pool.Exec(ctx, w.Names.SQL(forgetSQL)); err != nil && !postgres.MissingObject(err) {
		return fmt.Errorf("emptying the queue: %w", err)
	}
	return nil
}

// insist tries again while others use the tables.
func (w Watch) insist(ctx context.Context, do func() error) error {
	for deadline := time.Now().Add(w.Patience); ; {
		err := do()
		if !postgres.Transient(err) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("others use the tables for long, try again when they are done: %w", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// Status tells what is there of each trigger.
func (w Watch) Status(ctx context.Context) (triggers []Trigger, err error) {
	err = pgx.BeginTxFunc(ctx, w.Pool, postgres.Snapshot(w.LockTimeout, w.StatementTimeout), func(tx pgx.Tx) error {
		triggers, err = w.list(ctx, tx)
		return err
	})
	return triggers, err
}

// ErrNotInstalled is wrapped by the error of Check where a trigger is not as it
// should be.
var ErrNotInstalled = errors.New("triggers are not as needed")

// Check returns an error unless all triggers are Installed.
func (w Watch) Check(ctx context.Context) error {
	triggers, err := w.Status(ctx)
	if err != nil {
		return err
	}
	var bad []string
	for _, t := range triggers {
		if t.State == Powerless {
			return fmt.Errorf("%w: they run as the role %q, which cannot write down what changed, run as the owner of the tables: %s",
				ErrNotInstalled, t.owner, postgres.GrantStatements(noteRights(w.Names), t.owner))
		}
		if t.State != Installed {
			bad = append(bad, fmt.Sprintf("the one on %s is %s", t.Table, t.State))
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("%w: %s: run: litellm-reconciler migrate triggers install", ErrNotInstalled, strings.Join(bad, ", "))
	}
	return nil
}

// list needs a search_path that leads to no schema, for Postgres to print full names.
func (w Watch) list(ctx context.Context, tx pgx.Tx) ([]Trigger, error) {
	rows, err := tx.Query(ctx, triggersSQL, w.Names.LiteLLM, w.Names.Ledger, w.body())
	if err != nil {
		return nil, fmt.Errorf("reading triggers: %w", err)
	}
	triggers, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Trigger, err error) {
		return t, row.Scan(&t.Table, &t.definition, &t.State, &t.owner)
	})
	if err != nil {
		return nil, fmt.Errorf("reading triggers: %w", err)
	}
	return triggers, nil
}

func (w Watch) body() string { return w.Names.SQL(enqueueSQL) }

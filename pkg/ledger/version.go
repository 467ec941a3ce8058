package ledger

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed version.sql
var versionSQL string

//go:embed find_tables.sql
var findTablesSQL string

// ErrAbsent is wrapped when none of the ledger's tables is there: it was never
// installed, or all of it is gone.
var ErrAbsent = errors.New("the ledger is not installed")

// ErrIncomplete is wrapped when some of the ledger's tables are there and
// others are not, so that what it remembers cannot be relied on.
var ErrIncomplete = errors.New("the ledger is not complete")

// versions is goose's table.
const versions = "schema_version"

// Version is the installed version. An error that wraps ErrAbsent says that
// there is none, one that wraps ErrIncomplete that a part of the ledger is lost.
func (m *Migrator) Version(ctx context.Context) (int64, error) {
	f, err := m.find(ctx)
	switch {
	case err != nil:
		return 0, postgres.WithGrants(ctx, m.pool, fmt.Errorf("reading the ledger's version: %w", err), "schema", Rights(m.names))
	case f.tables == 0, f.tables == 1 && f.noted && f.version == 0: // the latter is an installation that was interrupted
		return 0, fmt.Errorf("%w: schema %q holds none: install it with: litellm-reconciler migrate up", ErrAbsent, m.names.Ledger)
	case f.version > m.latest: // what that consists of only a newer program knows
		return f.version, nil
	case len(f.lost) > 1:
		return 0, m.incomplete("tables " + strings.Join(f.lost, ", ") + " are gone")
	case len(f.lost) == 1:
		return 0, m.incomplete("table " + f.lost[0] + " is gone")
	case f.version == 0:
		return 0, m.incomplete("table " + versions + " is empty")
	}
	return f.version, nil
}

func (m *Migrator) incomplete(what string) error {
	return fmt.Errorf("%w: in schema %q %s: restore it from a backup, or start over with: litellm-reconciler migrate down, then up",
		ErrIncomplete, m.names.Ledger, what)
}

// found is what there is of a ledger.
type found struct {
	tables  int
	lost    []string
	noted   bool // the table of versions is there
	version int64
}

// find looks in one snapshot, so that it never sees half of what another
// migrator does.
func (m *Migrator) find(ctx context.Context) (f found, err error) {
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, m.pool, snapshot, func(tx pgx.Tx) error {
		// The catalog tells without any right on the schema.
		if err := tx.QueryRow(ctx, findTablesSQL, m.names.Ledger).Scan(&f.tables, &f.lost); err != nil {
			return err
		}
		if f.noted = !slices.Contains(f.lost, versions); !f.noted {
			return nil
		}
		return tx.QueryRow(ctx, m.names.SQL(versionSQL)).Scan(&f.version)
	})
	return f, err
}

// Check returns an error unless the installed version is the one that this
// program was written for.
func (m *Migrator) Check(ctx context.Context) error {
	version, err := m.Version(ctx)
	switch {
	case err != nil:
		return err
	case version > m.latest:
		return newer(m.names.Ledger, version, m.latest)
	case version < m.latest:
		return fmt.Errorf("ledger schema %q is at version %d, this program needs %d: run: litellm-reconciler migrate up",
			m.names.Ledger, version, m.latest)
	}
	return nil
}

func newer(schema string, have, want int64) error {
	return fmt.Errorf("ledger schema %q is at version %d, newer than the %d this program knows: use the newer litellm-reconciler that installed it",
		schema, have, want)
}

package ledger

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"litellm-reconciler/migrations"
	"litellm-reconciler/pkg/postgres"
)

//go:embed create_schema.sql
var createSchemaSQL string

//go:embed drop_bookkeeping.sql
var dropBookkeepingSQL string

//go:embed schema_exists.sql
var schemaExistsSQL string

// Migrator installs and removes the ledger's schema.
type Migrator struct {
	pool   *pgxpool.Pool
	names  postgres.Names
	source []*goose.Migration
	latest int64
	// removal is all down steps at once, for a ledger whose version is lost.
	removal string
}

// NewMigrator reads the embedded migrations for the ledger schema of names.
func NewMigrator(pool *pgxpool.Pool, names postgres.Names) (*Migrator, error) {
	m := &Migrator{pool: pool, names: names, removal: dropBookkeepingSQL}
	ups, err := fs.Glob(migrations.FS, "*.up.sql")
	if err != nil {
		return nil, fmt.Errorf("listing migrations: %w", err)
	}
	for _, name := range ups {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s does not start with a number: %w", name, err)
		}
		up, err := read(name)
		if err != nil {
			return nil, err
		}
		down, err := read(strings.TrimSuffix(name, ".up.sql") + ".down.sql")
		if err != nil {
			return nil, err
		}
		m.source = append(m.source, goose.NewGoMigration(version, m.step(up), m.step(down)))
		m.latest = max(m.latest, version)
		m.removal = down + m.removal
	}
	return m, nil
}

func read(name string) (string, error) {
	text, err := migrations.FS.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("reading migration %s: %w", name, err)
	}
	return string(text), nil
}

func (m *Migrator) step(text string) *goose.GoFunc {
	return &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, m.names.SQL(text))
		return err
	}}
}

// Latest is the version that this program was written for.
func (m *Migrator) Latest() int64 { return m.latest }

// Up creates the schema and applies what is missing. Two that start at once
// wait for each other. It touches nothing when all is in place, so that a role
// without the right to create a schema can run it then.
func (m *Migrator) Up(ctx context.Context) error {
	version, err := m.Version(ctx)
	switch {
	case err == nil && version == m.latest:
		return nil
	case err == nil && version > m.latest:
		return newer(m.names.Ledger, version, m.latest)
	case err != nil && !errors.Is(err, ErrAbsent):
		return err
	}
	if err := m.createSchema(ctx); err != nil {
		return err
	}
	return m.run(ctx, func(p *goose.Provider) error { _, err := p.Up(ctx); return err })
}

// Down removes the ledger's tables and with them all memory of what was
// granted. The permission rows stay as they are, and so does the schema, which
// may be an administrator's.
func (m *Migrator) Down(ctx context.Context) error {
	version, err := m.Version(ctx)
	switch {
	case errors.Is(err, ErrIncomplete):
		if _, err := m.pool.Exec(ctx, m.names.SQL(m.removal)); err != nil {
			return fmt.Errorf("removing what is left of the ledger in schema %q: %w", m.names.Ledger, err)
		}
		return nil
	case err != nil:
		return err
	case version > m.latest:
		return newer(m.names.Ledger, version, m.latest)
	}
	if err := m.run(ctx, func(p *goose.Provider) error { _, err := p.DownTo(ctx, 0); return err }); err != nil {
		return err
	}
	if _, err := m.pool.Exec(ctx, m.names.SQL(dropBookkeepingSQL)); err != nil {
		return fmt.Errorf("removing what schema %q was migrated with: %w", m.names.Ledger, err)
	}
	return nil
}

func (m *Migrator) createSchema(ctx context.Context) error {
	// IF NOT EXISTS asks for the right to create even where nothing is to be
	// created, so a schema that an administrator prepared is looked for first.
	var exists bool
	if err := m.pool.QueryRow(ctx, schemaExistsSQL, m.names.Ledger).Scan(&exists); err != nil {
		return fmt.Errorf("looking for schema %q: %w", m.names.Ledger, err)
	}
	if exists {
		return nil
	}
	_, err := m.pool.Exec(ctx, m.names.SQL(createSchemaSQL))
	if postgres.AlreadyExists(err) {
		return nil // another one was faster
	}
	if postgres.MissingRight(err) {
		role, lookupErr := postgres.CurrentRole(ctx, m.pool)
		if lookupErr != nil {
			return errors.Join(err, lookupErr)
		}
		return fmt.Errorf("creating schema %q: no right to: run, as the database's owner, GRANT CREATE ON DATABASE %s TO %s; "+
			"or have a role that may run: litellm-reconciler migrate up: %w",
			m.names.Ledger, postgres.Quote(m.pool.Config().ConnConfig.Database), postgres.Quote(role), err)
	}
	if err != nil {
		return fmt.Errorf("creating schema %q: %w", m.names.Ledger, err)
	}
	return nil
}

func (m *Migrator) run(ctx context.Context, do func(*goose.Provider) error) (err error) {
	// A lock in a table, not a session's advisory lock: PgBouncer in
	// transaction mode may give each statement to another session.
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableName(m.names.Ledger+".migration_lock"),
		lock.WithTableLockTimeout(100*time.Millisecond, 600),
		// Waiting helps against another migrator, not against these.
		lock.WithTableRetryPolicy(func(err error) bool { return !postgres.MissingRight(err) && !postgres.MissingObject(err) }))
	if err != nil {
		return fmt.Errorf("preparing the migration lock: %w", err)
	}
	// Connections of its own: goose holds one while its lock takes another, and
	// the pool may have no more than one.
	db := stdlib.OpenDB(*m.pool.Config().ConnConfig)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, nil,
		goose.WithGoMigrations(m.source...),
		goose.WithDisableGlobalRegistry(true),
		goose.WithTableName(m.names.Ledger+"."+versions),
		goose.WithLocker(locker))
	if err != nil {
		return fmt.Errorf("preparing the migrations: %w", err)
	}
	if err := do(provider); err != nil {
		return postgres.WithGrants(ctx, m.pool, fmt.Errorf("migrating schema %q: %w", m.names.Ledger, err), "schema", []postgres.Right{
			{Schema: m.names.Ledger, Privilege: "USAGE"}, {Schema: m.names.Ledger, Privilege: "CREATE"},
		})
	}
	return nil
}

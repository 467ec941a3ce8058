package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/term"

	"litellm-reconciler/pkg/config"
	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/reconcile"
	"litellm-reconciler/pkg/telemetry"
)

// app holds the parts that a single pass and the daemon have in common.
type app struct {
	config     config.Valid
	names      postgres.Names
	host       string
	log        *slog.Logger
	pool       *pgxpool.Pool
	migrator   *ledger.Migrator
	reconciler *reconcile.Reconciler
	metrics    *telemetry.Metrics
}

// newApp puts the parts together. It connects to nothing. The caller closes it.
func newApp(ctx context.Context, p Process, cfg config.Valid) (*app, error) {
	policy, err := plan.ParsePolicy(cfg.Policy)
	if err != nil {
		return nil, usage(err)
	}
	pool, err := postgres.Open(ctx, cfg.Database.DSN, cfg.MaxConnections)
	if err != nil {
		return nil, usage(err)
	}
	names := postgres.Names{LiteLLM: cfg.Database.Schema, Ledger: cfg.Ledger.Schema}
	migrator, err := ledger.NewMigrator(pool, names)
	if err != nil {
		pool.Close()
		return nil, exit{exitError, err}
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	log := newLogger(p.Stderr, cfg.LogLevel, cfg.LogFormat)
	a := &app{config: cfg, names: names, host: host, log: log, pool: pool, migrator: migrator, metrics: telemetry.New(p.Version, p.Revision)}
	a.reconciler = reconcile.New(pool, migrator, reconcile.Config{
		Names:  names,
		Policy: policy,
		Guard: plan.Guard{
			MaxRevokedFraction: cfg.Guard.MaxRevokedFraction,
			MinRevokedTeams:    cfg.Guard.MinRevokedTeams,
			MaxCeilingsCreated: cfg.Guard.MaxCeilingsCreated,
			MaxCeilingsRemoved: cfg.Guard.MaxCeilingsRemoved,
		},
		Selection: reconcile.Selection{
			IncludeTeams:         cfg.Teams.Include,
			ExcludeTeams:         cfg.Teams.Exclude,
			IncludeOrganizations: cfg.Organizations.Include,
		},
		BatchSize:        cfg.Repair.BatchSize,
		Concurrency:      min(cfg.Repair.Concurrency, cfg.MaxConnections),
		LockTimeout:      cfg.Repair.LockTimeout,
		StatementTimeout: cfg.Repair.StatementTimeout,
		IdleTimeout:      lease.IdleTimeout(cfg.Lease.Duration),
		Attempts:         cfg.Repair.Attempts,
		Grace:            cfg.ShutdownTimeout,
		Version:          p.Version,
		Host:             host,
	}, log, time.Now)
	a.metrics.WatchPool(pool)
	return a, nil
}

// close closes the pool, but does not wait long for a server that is not there
// any more: the process is about to end.
func (a *app) close() {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		a.pool.Close()
	}()
	select {
	case <-closed:
	case <-time.After(min(2*time.Second, a.config.ShutdownTimeout/10)):
	}
}

// prepare checks that this is a LiteLLM database, before anything is created
// in it, and installs the ledger unless that is switched off.
func (a *app) prepare(ctx context.Context, dryRun bool) error {
	if _, err := litellm.Inspect(ctx, a.pool, a.names); err != nil {
		return err
	}
	if dryRun || !a.config.Ledger.AutoMigrate {
		return nil
	}
	return withMigrator(ctx, a.config, func(m *ledger.Migrator) error {
		if m.Check(ctx) == nil {
			return nil
		}
		if err := m.Up(ctx); err != nil {
			return err
		}
		a.log.Info("installed the ledger", "schema", a.names.Ledger, "version", m.Latest())
		if err := a.migrator.Check(ctx); errors.Is(err, ledger.ErrAbsent) {
			return errors.New("the ledger was installed over the direct URL, and is not seen over the other: " +
				"database.direct_url (DIRECT_URL) and database.url (DATABASE_URL) must name the same database")
		}
		return nil
	})
}

// look reads in a transaction that the server keeps from writing.
func (a *app) look(ctx context.Context, do func(pgx.Tx) error) error {
	limits := a.config.Repair
	// The server bounds each statement; this is for one that never answers.
	ctx, cancel := context.WithTimeout(ctx, 5*limits.StatementTimeout+10*time.Second)
	defer cancel()
	return pgx.BeginTxFunc(ctx, a.pool, postgres.Snapshot(limits.LockTimeout, limits.StatementTimeout), do)
}

// withMigrator hands a migrator to do, on the direct connection where one is
// given.
func withMigrator(ctx context.Context, cfg config.Valid, do func(*ledger.Migrator) error) error {
	pool, err := postgres.Open(ctx, cfg.Direct.DSN, 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	m, err := ledger.NewMigrator(pool, postgres.Names{LiteLLM: cfg.Database.Schema, Ledger: cfg.Ledger.Schema})
	if err != nil {
		return err
	}
	return do(m)
}

func newLogger(w io.Writer, level slog.Level, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "text" || format == "auto" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// failed wraps the error of a command that did not work out.
func failed(doing string, err error) error {
	return exit{exitError, fmt.Errorf("%s: %w", doing, postgres.Explain(err))}
}

// Package lab is where the benchmark is made: a Postgres that waits for its disk, databases in the state that each work
// begins with, and what measures a process, the locks that it holds, and what LiteLLM would notice of it.
package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/bench/results"
	"litellm-reconciler/internal/pgtest"
)

// Options say how to measure.
type Options struct {
	// Binary is the program, and Self is this benchmark, which is also all peers.
	Binary, Self string
	// Durable has Postgres wait for the disk, as it should; otherwise everything is in memory.
	Durable bool
	// Clients update the spend of teams, each PerSecond times.
	Clients, PerSecond int
	// Window is how long they are watched before and after the work.
	Window time.Duration
	// Events are how many edits are waited for in each run, and SlowEvents how many where a peer is started for each.
	Events, SlowEvents int
}

// Lab is a server with databases of one size at a time.
type Lab struct {
	Options
	server  *pgtest.Server
	admin   *pgx.Conn
	created []string
	serial  int
}

// settings keep what comes at its own time out of the runs: automatic vacuum, checkpoints, and new files for the log in
// place of used ones.
var settings = []string{"shared_buffers=1GB", "max_wal_size=8GB", "min_wal_size=4GB", "checkpoint_timeout=1h", "autovacuum=off"}

// Open starts the server. The caller closes the lab.
func Open(ctx context.Context, o Options) (*Lab, error) {
	start := pgtest.Start
	if o.Durable {
		start = func(ctx context.Context) (*pgtest.Server, error) { return pgtest.StartDurable(ctx, settings...) }
	}
	server, err := start(ctx)
	if err != nil {
		return nil, err
	}
	l := &Lab{Options: o, server: server}
	if l.admin, err = pgx.Connect(ctx, server.URL("postgres")); err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to the server: %w", err), server.Stop()) //nolint:contextcheck // it stops after an interruption too
	}
	return l, nil
}

// Close drops what was created, and stops the server unless it is somebody else's.
func (l *Lab) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := l.drop(ctx, l.created...)
	return errors.Join(err, l.admin.Close(ctx), l.server.Stop())
}

// Settings are those of the server that bear on the figures.
func (l *Lab) Settings(ctx context.Context) (map[string]string, error) {
	found := map[string]string{}
	for _, name := range []string{"server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "work_mem",
		"max_wal_size", "checkpoint_timeout", "autovacuum", "max_parallel_workers_per_gather"} {
		var value string
		if err := l.admin.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil {
			return nil, fmt.Errorf("reading the settings of Postgres: %w", err)
		}
		found[name] = value
	}
	return found, nil
}

// clone makes a copy of a database by its files, which begins and ends with a checkpoint: every run starts alike.
func (l *Lab) clone(ctx context.Context, from string) (string, error) {
	l.serial++
	name := fmt.Sprintf("bench_%d_%d", time.Now().UnixNano(), l.serial)
	sql := "CREATE DATABASE " + quote(name) + " TEMPLATE " + quote(from)
	if l.version(ctx) >= 150000 {
		sql += " STRATEGY file_copy" // all that earlier versions know
	}
	if _, err := l.admin.Exec(ctx, sql); err != nil {
		return "", fmt.Errorf("copying database %s: %w", from, err)
	}
	l.created = append(l.created, name)
	syscall.Sync() // or the run waits behind the copy for the disk
	return name, nil
}

func (l *Lab) version(ctx context.Context) (n int) {
	_ = l.admin.QueryRow(ctx, `SELECT current_setting('server_version_num')::int`).Scan(&n) // without it, as an early one
	return n
}

func (l *Lab) drop(ctx context.Context, names ...string) error {
	var failed []error
	for _, name := range names {
		_, err := l.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)")
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// do runs statements in a database, one after the other.
func (l *Lab) do(ctx context.Context, database string, statements ...string) error {
	return l.with(ctx, database, func(conn *pgx.Conn) error {
		for _, s := range statements {
			if _, err := conn.Exec(ctx, s); err != nil {
				return fmt.Errorf("executing %s: %w", strings.TrimSpace(s), err)
			}
		}
		return nil
	})
}

func (l *Lab) with(ctx context.Context, database string, f func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, l.server.URL(database))
	if err != nil {
		return fmt.Errorf("connecting to database %s: %w", database, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return f(conn)
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// written is how far the write-ahead log has got.
func (l *Lab) written(ctx context.Context) (bytes int64, err error) {
	err = l.admin.QueryRow(ctx, `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint`).Scan(&bytes)
	return bytes, err
}

// writes reports whether a work changes the database, so that each run needs a new one.
func writes(work string) bool { return work != results.Nothing }

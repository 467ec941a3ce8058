package ledger_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/postgres"
)

func TestTheLedgerGoesUpAndDownAndUpAgain(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest)
	for mode, connect := range map[string]func() *pgxpool.Pool{
		"as the program connects": func() *pgxpool.Pool { return open(t, d.URL) },
		"in pgx's default mode":   func() *pgxpool.Pool { return d.Pool },
	} {
		m := newMigrator(t, connect(), names)
		absent(t, m)
		for range 2 {
			if err := m.Up(t.Context()); err != nil {
				t.Fatalf("%s: %v", mode, err)
			}
			if err := m.Check(t.Context()); err != nil {
				t.Errorf("%s: %v", mode, err)
			}
			if version, err := m.Version(t.Context()); err != nil || version != m.Latest() {
				t.Errorf("%s: version %d and error %v, want %d", mode, version, err, m.Latest())
			}
			want := []string{"changes", "grants", "history", "inbox", "lease", "migration_lock", "pending", "runs", "schema_version", "teams"}
			if diff := cmp.Diff(want, relations(t, d, names.Ledger)); diff != "" {
				t.Errorf("%s: %s", mode, diff)
			}
			if err := m.Up(t.Context()); err != nil {
				t.Errorf("%s: up once more: %v", mode, err)
			}
			if err := m.Down(t.Context()); err != nil {
				t.Fatalf("%s: %v", mode, err)
			}
			if diff := cmp.Diff([]string{}, relations(t, d, names.Ledger), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: left behind: %s", mode, diff)
			}
			absent(t, m)
		}
	}
}

func TestTheLedgerLeavesOtherSchemasAlone(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest)
	before := relations(t, d, "public")
	other := postgres.Names{LiteLLM: "public", Ledger: "another_ledger"}
	for _, n := range []postgres.Names{names, other} {
		if err := newMigrator(t, d.Pool, n).Up(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := newMigrator(t, d.Pool, names).Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := newMigrator(t, d.Pool, other).Check(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, relations(t, d, "public")); diff != "" {
		t.Error(diff)
	}
}

func TestMigratorsThatStartAtOnceAllSucceed(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest)
	const migrators = 8
	done := make(chan error)
	start := make(chan struct{})
	for i := range migrators {
		pool := d.Pool // some share a pool with fewer connections than there are migrators
		if i%2 == 0 {
			pool = open(t, d.URL)
		}
		m := newMigrator(t, pool, names)
		go func() {
			<-start
			done <- m.Up(t.Context())
		}()
	}
	close(start)
	for range migrators {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	// Each of them once. Version 0 is goose's own mark.
	got := pgtest.Scalar[[]int64](t, d, `SELECT array_agg(version_id ORDER BY id) FROM litellm_reconciler.schema_version`)
	var want []int64
	for version := range newMigrator(t, d.Pool, names).Latest() + 1 {
		want = append(want, version)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestALedgerOfTheFirstVersionIsBroughtUpToDateAndKeepsWhatItHolds(t *testing.T) {
	t.Parallel()
	d, m := installed(t)
	d.Exec(t, `INSERT INTO litellm_reconciler.runs (run_id, started_at, trigger, policy, version, host)
		VALUES (gen_random_uuid(), now(), 'once', 'managed', 'v1.0.0', 'host')`)
	d.Exec(t, `DROP TABLE litellm_reconciler.lease, litellm_reconciler.inbox, litellm_reconciler.pending, litellm_reconciler.teams`)
	d.Exec(t, `DELETE FROM litellm_reconciler.schema_version WHERE version_id > 1`)
	says(t, m.Check(t.Context()), "is at version 1", "migrate up")
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if n := pgtest.Scalar[int](t, d, `SELECT (SELECT count(*) FROM litellm_reconciler.runs) + (SELECT count(*) FROM litellm_reconciler.lease)`); n != 1 {
		t.Errorf("%d rows, want the run and no lease yet", n)
	}
}

func TestASchemaThatAnotherOneMakesMeanwhileWillDo(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest)
	m := newMigrator(t, open(t, d.URL), names)
	tx, err := d.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `CREATE SCHEMA litellm_reconciler`); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- m.Up(t.Context()) }()
	// It does not see the schema yet, and creating it waits for us.
	for !pgtest.Scalar[bool](t, d, `SELECT EXISTS (SELECT FROM pg_stat_activity
		WHERE datname = current_database() AND query LIKE 'CREATE SCHEMA IF NOT EXISTS%' AND wait_event_type = 'Lock')`) {
		select {
		case err := <-done:
			t.Fatalf("it did not wait: %v", err)
		default:
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestALedgerOfANewerProgramIsLeftAlone(t *testing.T) {
	t.Parallel()
	d, m := installed(t)
	d.Exec(t, `INSERT INTO litellm_reconciler.schema_version (version_id, is_applied) VALUES (99, true)`)
	for name, step := range map[string]func() error{
		"up":    func() error { return m.Up(t.Context()) },
		"check": func() error { return m.Check(t.Context()) },
		"down":  func() error { return m.Down(t.Context()) },
	} {
		err := step()
		if err == nil {
			t.Fatalf("%s went through", name)
		}
		says(t, err, `"litellm_reconciler" is at version 99`, "newer than the "+fmt.Sprint(m.Latest()), "use the newer litellm-reconciler")
	}
	if got := len(relations(t, d, names.Ledger)); got != 10 {
		t.Errorf("%d relations, want all 10 still there", got)
	}
}

// Not parallel, as it replaces the outputs of the process: parallel tests start after it.
func TestMigratingIsSilent(t *testing.T) {
	d := pgtest.New(t, pgtest.Newest)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, logger := os.Stdout, os.Stderr, log.Writer()
	os.Stdout, os.Stderr = write, write
	log.SetOutput(write)
	m := newMigrator(t, d.Pool, names)
	failed := errors.Join(m.Up(t.Context()), m.Up(t.Context()), m.Down(t.Context()))
	os.Stdout, os.Stderr = stdout, stderr
	log.SetOutput(logger)
	if err := errors.Join(failed, write.Close()); err != nil {
		t.Fatal(err)
	}
	if output, err := io.ReadAll(read); err != nil || len(output) > 0 {
		t.Errorf("printed %q, error %v", output, err)
	}
	if err := read.Close(); err != nil {
		t.Error(err)
	}
}

func absent(t *testing.T, m *ledger.Migrator) {
	t.Helper()
	_, err := m.Version(t.Context())
	for _, err := range []error{err, m.Check(t.Context()), m.Down(t.Context())} {
		if !errors.Is(err, ledger.ErrAbsent) {
			t.Fatalf("got %v, want %v", err, ledger.ErrAbsent)
		}
		says(t, err, "litellm-reconciler migrate up")
	}
}

// relations are the tables and views of a schema, sorted.
func relations(t *testing.T, d *pgtest.Database, schema string) []string {
	t.Helper()
	return pgtest.Scalar[[]string](t, d, `SELECT coalesce(array_agg(relname::text ORDER BY relname::text COLLATE "C"), '{}') FROM pg_class
		WHERE relkind IN ('r', 'v') AND relnamespace = to_regnamespace($1)`, schema)
}

func says(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %q", err)
	}
}

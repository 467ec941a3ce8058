package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
)

func TestASnapshotCannotWriteAndLeavesTheSessionAsItWas(t *testing.T) {
	t.Parallel()
	conn, err := pgtest.Empty(t).Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	settings := func(q interface {
		QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	}) string {
		t.Helper()
		var s string
		err := q.QueryRow(t.Context(), `SELECT concat_ws(' ', current_setting('transaction_isolation'),
			current_setting('transaction_read_only'), current_setting('lock_timeout'),
			current_setting('statement_timeout'), current_setting('search_path'))`).Scan(&s)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := settings(conn)

	err = pgx.BeginTxFunc(t.Context(), conn, postgres.Snapshot(500*time.Microsecond, 3*time.Second), func(tx pgx.Tx) error {
		if got, want := settings(tx), "repeatable read on 1ms 3s pg_catalog"; got != want {
			t.Errorf("settings %q, want %q", got, want)
		}
		_, err := tx.Exec(t.Context(), "CREATE TABLE public.t ()")
		return err
	})

	if err == nil || !strings.Contains(err.Error(), "read-only transaction") {
		t.Errorf("writing gives %v", err)
	}
	if after := settings(conn); after != before {
		t.Errorf("settings of the session are %q, were %q", after, before)
	}
}

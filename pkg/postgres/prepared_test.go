package postgres_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
)

const named = `SELECT coalesce(array_agg(statement ORDER BY statement), '{}') FROM pg_prepared_statements WHERE statement LIKE '%sent%'`

// send sends two statements in a transaction and returns the statements that
// have a name at its end.
func send(t *testing.T, pool *pgxpool.Pool) (names []string) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		var got []string
		note := func(row pgx.Row) error {
			var s string
			err := row.Scan(&s)
			got = append(got, s)
			return err
		}
		var q pgx.Batch
		q.Queue("SELECT 'sent ' || $1::text", "one").QueryRow(note)
		q.Queue("SELECT 'sent also ' || $1::int || $2::text", 2, "!").QueryRow(note)
		if err := postgres.Send(t.Context(), tx, &q); err != nil {
			return err
		}
		if !slices.Equal(got, []string{"sent one", "sent also 2!"}) {
			t.Errorf("got %q", got)
		}
		return tx.QueryRow(t.Context(), named, pgx.QueryExecModeSimpleProtocol).Scan(&names)
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestAStatementThatIsSentAgainIsGivenAName(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Open(t.Context(), pgtest.Empty(t).URL, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if names := send(t, pool); len(names) != 0 {
		t.Errorf("sent once: %q have names", names)
	}
	both := []string{"SELECT 'sent ' || $1::text", "SELECT 'sent also ' || $1::int || $2::text"}
	slices.Sort(both)
	for range 10 { // past the change to a plan for all values
		if names := send(t, pool); !slices.Equal(names, both) {
			t.Errorf("sent again: %q have names", names)
		}
	}
}

// Through a pooler nothing has a name: the next transaction may be in another
// session.
func TestNothingIsGivenANameThatAPoolerWouldLose(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"transaction", "session"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			pool := open(t, pgtest.Empty(t).Pooled(t, mode))
			for range 10 {
				if names := send(t, pool); len(names) != 0 {
					t.Errorf("%q have names", names)
				}
			}
		})
	}
}

func TestAStatementThatFailsIsTriedAgainUnderItsName(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Empty(t).URL)
	for range 4 {
		err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			var q pgx.Batch
			q.Queue("SELECT 1 FROM sent WHERE n = $1", 1)
			return postgres.Send(t.Context(), tx, &q)
		})
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != "42P01" {
			t.Errorf("got %v, want that the table is not there", err)
		}
	}
	if _, err := pool.Exec(t.Context(), "CREATE TABLE sent (n int)"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			var q pgx.Batch
			q.Queue("SELECT 1 FROM sent WHERE n = $1", 1)
			return postgres.Send(t.Context(), tx, &q)
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// Postgres refuses a named statement for ever whose columns changed their type.
func TestAConnectionIsGivenUpWhoseStatementsAreOutdated(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Open(t.Context(), pgtest.Empty(t).URL, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	look := func() error {
		return pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			var q pgx.Batch
			q.Queue("SELECT n FROM sent WHERE n > $1", 0)
			return postgres.Send(t.Context(), tx, &q)
		})
	}
	exec := func(sql string) {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE sent (n int)")
	for range 3 {
		if err := look(); err != nil {
			t.Fatal(err)
		}
	}
	exec("ALTER TABLE sent ALTER n TYPE bigint")
	if err := look(); !postgres.Transient(err) {
		t.Errorf("the first time: %v, want one that goes away", err)
	}
	if err := look(); err != nil {
		t.Errorf("the second time: %v", err)
	}
}

// As a pooler would that passes on the number of a session.
func TestAConnectionIsGivenUpWhoseStatementsAreLost(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Open(t.Context(), pgtest.Empty(t).URL, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	send(t, pool)
	send(t, pool)
	if _, err := pool.Exec(t.Context(), "DEALLOCATE ALL", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	err = pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		var q pgx.Batch
		q.Queue("SELECT 'sent ' || $1::text", "one")
		return postgres.Send(t.Context(), tx, &q)
	})
	if !postgres.Transient(err) {
		t.Errorf("the first time: %v, want one that goes away", err)
	}
	send(t, pool)
}

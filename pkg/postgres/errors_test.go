package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
)

func TestSQLSTATEs(t *testing.T) {
	t.Parallel()
	type class struct{ transient, systemic, right, object, exists bool }
	for code, want := range map[string]class{
		"40001": {transient: true},
		"40P01": {transient: true},
		"55P03": {transient: true},
		"57014": {transient: true}, // a statement timeout
		"23505": {exists: true},
		"42P06": {exists: true},
		"42501": {systemic: true, right: true},
		"42P01": {systemic: true, object: true},
		"42703": {systemic: true, object: true},
		"3F000": {systemic: true, object: true},
		"42883": {systemic: true}, // no such function
		"25006": {systemic: true}, // read-only
		"08006": {systemic: true}, // connection failure
		"28P01": {systemic: true}, // wrong password
		"53100": {systemic: true}, // disk full
		"53200": {systemic: true}, // out of memory
		"53300": {systemic: true}, // too many connections
		"57P01": {systemic: true}, // shutdown
		"57P03": {systemic: true}, // starting up
		"58030": {systemic: true}, // I/O error
		"XX000": {systemic: true}, // internal error
		"22001": {},               // value too long
		"23502": {},               // NOT NULL
		"23503": {},               // foreign key
		"P0001": {},               // raised by a trigger
		"25P02": {},               // in a failed transaction
	} {
		err := fmt.Errorf("writing: %w", &pgconn.PgError{Code: code, Message: "no"})
		got := class{postgres.Transient(err), postgres.Systemic(err), postgres.MissingRight(err),
			postgres.MissingObject(err), postgres.AlreadyExists(err)}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", code, got, want)
		}
	}
	for _, err := range []error{nil, errors.New("no"), pgx.ErrNoRows} {
		if postgres.Transient(err) || postgres.Systemic(err) {
			t.Errorf("%v says nothing about the database", err)
		}
	}
}

func TestALockThatAnotherSessionHoldsPasses(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	d.Exec(t, `CREATE TABLE public.t AS SELECT 1 AS a`)
	holder := begin(t, d)
	if _, err := holder.Exec(t.Context(), `UPDATE public.t SET a = 2`); err != nil {
		t.Fatal(err)
	}
	for name, statements := range map[string][]string{
		"NOWAIT":            {`SELECT FROM public.t FOR UPDATE NOWAIT`},
		"lock_timeout":      {`SET LOCAL lock_timeout = '1ms'`, `UPDATE public.t SET a = 3`},
		"statement_timeout": {`SET LOCAL statement_timeout = '20ms'`, `UPDATE public.t SET a = 3`},
	} {
		t.Run(name, func(t *testing.T) {
			err := last(t, begin(t, d), statements)
			if !postgres.Transient(err) || postgres.Systemic(err) {
				t.Errorf("transient %t, systemic %t: %v", postgres.Transient(err), postgres.Systemic(err), err)
			}
		})
	}
}

func TestASerializationFailurePasses(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	d.Exec(t, `CREATE TABLE public.t AS SELECT 1 AS a`)
	late := begin(t, d)
	err := last(t, late, []string{`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`, `SELECT FROM public.t`})
	if err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `UPDATE public.t SET a = 2`)
	if _, err := late.Exec(t.Context(), `UPDATE public.t SET a = 3`); !postgres.Transient(err) || postgres.Systemic(err) {
		t.Errorf("got %v", err)
	}
}

func TestAKilledBackendIsSystemic(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	conn, err := pgx.Connect(t.Context(), d.URL)
	if err != nil {
		t.Fatal(err)
	}
	// Waits until the backend is gone.
	if !pgtest.Scalar[bool](t, d, `SELECT pg_terminate_backend($1, 10000)`, conn.PgConn().PID()) {
		t.Fatal("the backend was not terminated")
	}
	for _, when := range []string{"first", "second"} {
		_, err := conn.Exec(t.Context(), `SELECT 1`)
		if !postgres.Systemic(err) || postgres.Transient(err) {
			t.Errorf("%s statement: %v", when, err)
		}
		saysInOneLine(t, postgres.Explain(err))
	}
}

func TestACancelledContextIsSystemic(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Empty(t).URL)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expiring, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	for name, ctx := range map[string]context.Context{"cancelled before": cancelled, "expired while it ran": expiring} {
		_, err := pool.Exec(ctx, `SELECT pg_sleep(60)`)
		if !postgres.Systemic(err) || postgres.Transient(err) {
			t.Errorf("%s: %v", name, err)
		}
		if explained := postgres.Explain(err); !errors.Is(explained, ctx.Err()) {
			t.Errorf("%s: the cause is lost: %v", name, explained)
		}
	}
}

func begin(t *testing.T, d *pgtest.Database) pgx.Tx {
	t.Helper()
	tx, err := d.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
	return tx
}

// last is the error of the last statement; those before it must succeed.
func last(t *testing.T, tx pgx.Tx, statements []string) error {
	t.Helper()
	for _, statement := range statements[:len(statements)-1] {
		if _, err := tx.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	_, err := tx.Exec(t.Context(), statements[len(statements)-1])
	return err
}

package pgproxy_test

import (
	"context"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/faults/pgproxy"
	"litellm-reconciler/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// patience is how long only a failure waits.
const patience = 20 * time.Second

// before starts a proxy before a database, and returns it with its URL.
func before(t *testing.T, db *pgtest.Database) (proxy *pgproxy.Proxy, database string) {
	t.Helper()
	u, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err = pgproxy.Listen(t.Context(), u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	if database, err = proxy.Before(db.URL); err != nil {
		t.Fatal(err)
	}
	return proxy, database
}

func connect(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// numbers is a database with an empty table of numbers.
func numbers(t *testing.T) *pgtest.Database {
	t.Helper()
	db := pgtest.Empty(t)
	db.Exec(t, `CREATE TABLE numbers (n integer)`)
	return db
}

// insert inserts n, in a transaction begun and committed in so many words or
// with the statement alone.
func insert(conn *pgx.Conn, n int, inTransaction bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if !inTransaction {
		_, err := conn.Exec(ctx, `INSERT INTO numbers VALUES ($1)`, n)
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO numbers VALUES ($1)`, n)
		return err
	})
}

func TestWithoutFaultsAllIsPassedOn(t *testing.T) {
	t.Parallel()
	db := numbers(t)
	_, database := before(t, db)
	conn := connect(t, database)
	for n := range 20 {
		if err := insert(conn, n, n%2 == 0); err != nil {
			t.Fatal(err)
		}
	}
	var text string
	err := conn.QueryRow(t.Context(), `SELECT repeat('x', 1000000)`).Scan(&text)
	if got := pgtest.Scalar[int](t, db, `SELECT count(*) FROM numbers`); got != 20 || len(text) != 1_000_000 || err != nil {
		t.Errorf("%d numbers, a text of %d bytes, error %v", got, len(text), err)
	}
}

func TestALostAnswerIsOneOfWhatWasDone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		inTransaction bool
		rule          func(pgproxy.Message) bool
		want          int
	}{
		"COMMIT":                     {true, pgproxy.Message.Commits, 1},
		"Sync after a statement":     {false, func(m pgproxy.Message) bool { return m.Type == 'S' && m.Number > 5 }, 1},
		"Execute without its Sync":   {false, func(m pgproxy.Message) bool { return m.Type == 'E' }, 0},
		"Execute within transaction": {true, func(m pgproxy.Message) bool { return m.Type == 'E' }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := numbers(t)
			proxy, database := before(t, db)
			conn := connect(t, database)
			var seen atomic.Int64
			proxy.SetRule(func(m pgproxy.Message) pgproxy.Verdict {
				if !test.rule(m) {
					return pgproxy.Pass
				}
				seen.Add(1)
				return pgproxy.LoseAnswer
			})

			if err := insert(conn, 1, test.inTransaction); err == nil {
				t.Error("the answer arrived")
			}
			if got := pgtest.Scalar[int](t, db, `SELECT count(*) FROM numbers`); got != test.want || seen.Load() != 1 {
				t.Errorf("%d numbers, want %d; the rule met %d messages", got, test.want, seen.Load())
			}
		})
	}
}

func TestAConnectionIsCutBeforeAnyMessage(t *testing.T) {
	t.Parallel()
	db := numbers(t)
	proxy, database := before(t, db)
	for cut := 1; ; cut++ {
		var met atomic.Bool
		proxy.SetRule(func(m pgproxy.Message) pgproxy.Verdict {
			if m.Number != cut || m.Type == 'X' {
				return pgproxy.Pass
			}
			met.Store(true)
			return pgproxy.Cut
		})
		conn, err := pgx.Connect(t.Context(), database)
		if err == nil {
			err = insert(conn, cut, true)
			_ = conn.Close(t.Context())
		}
		if (err != nil) != met.Load() {
			t.Fatalf("cut before message %d: %t, error: %v", cut, met.Load(), err)
		}
		if !met.Load() {
			if cut < 10 {
				t.Errorf("only %d messages", cut)
			}
			break
		}
	}
	if got := pgtest.Scalar[int](t, db, `SELECT count(*) FROM numbers`); got != 1 {
		t.Errorf("%d numbers", got)
	}
}

func TestWhatIsSwallowedStaysUnanswered(t *testing.T) {
	t.Parallel()
	db := numbers(t)
	proxy, database := before(t, db)
	idle, busy := connect(t, database), connect(t, database)

	proxy.Swallow(true)
	for name, try := range map[string]func(context.Context) error{
		"an existing connection": func(ctx context.Context) error {
			_, err := busy.Exec(ctx, `INSERT INTO numbers VALUES (1)`)
			return err
		},
		"a new connection": func(ctx context.Context) error { _, err := pgx.Connect(ctx, database); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if err := try(ctx); err == nil || ctx.Err() == nil {
			t.Errorf("%s: error %v before its time", name, err)
		}
		cancel()
	}
	proxy.Swallow(false)

	if err := insert(idle, 2, true); err != nil {
		t.Error(err)
	}
	if err := insert(connect(t, database), 3, true); err != nil {
		t.Error(err)
	}
	if got := pgtest.Scalar[int](t, db, `SELECT sum(n) FROM numbers`); got != 5 {
		t.Errorf("the numbers' sum is %d", got)
	}
}

func TestConnectionsGoToAnotherServerAfterACut(t *testing.T) {
	t.Parallel()
	db := numbers(t)
	proxy, database := before(t, db)
	conn := connect(t, database)

	proxy.SetTarget("127.0.0.1:1")
	if err := insert(conn, 1, true); err != nil {
		t.Errorf("an open connection was cut: %v", err)
	}
	if cut := proxy.CutAll(); cut != 1 {
		t.Errorf("%d connections were cut", cut)
	}
	if err := insert(conn, 2, true); err == nil {
		t.Error("the connection is still there")
	}
	if _, err := pgx.Connect(t.Context(), database); err == nil {
		t.Error("connected to a server that is not there")
	}
}

func TestADelayHoldsMessagesInBothDirections(t *testing.T) {
	t.Parallel()
	proxy, database := before(t, numbers(t))
	conn := connect(t, database)
	proxy.SetDelay(20 * time.Millisecond)
	began := time.Now()
	if err := conn.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 40*time.Millisecond {
		t.Errorf("there and back took %s", took)
	}
}

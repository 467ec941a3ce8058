package lease_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/migrations"
	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/postgres"
)

// The ledger's name needs quotes, so that an unquoted use of it fails.
var names = postgres.Names{LiteLLM: "public", Ledger: `The "ledger"`}

const (
	// patience is for what has to happen, sooner on a machine with nothing else to do.
	patience = 30 * time.Second
	// brief is a lease for tests in which copies may lose it for want of processor time, and steady is for others.
	brief, steady = 450 * time.Millisecond, 2400 * time.Millisecond
)

// bundle is a database with the table of the lease.
type bundle struct {
	*pgtest.Database
	duration time.Duration
	url      string // that copies connect to
}

func setup(t *testing.T, duration time.Duration) *bundle {
	t.Helper()
	return install(t, pgtest.Empty(t), duration)
}

func install(t *testing.T, d *pgtest.Database, duration time.Duration) *bundle {
	t.Helper()
	up, err := migrations.FS.ReadFile("0002_lease.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	d.Exec(t, names.SQL("CREATE SCHEMA {ledger}"))
	d.Exec(t, names.SQL(string(up)))
	return &bundle{d, duration, d.URL}
}

// exec executes a statement as the superuser.
func (b *bundle) exec(t *testing.T, sql string) {
	t.Helper()
	b.Exec(t, names.SQL(sql))
}

func scalar[T any](t *testing.T, b *bundle, sql string, args ...any) T {
	t.Helper()
	return pgtest.Scalar[T](t, b.Database, names.SQL(sql), args...)
}

// expires is when the lease does, by the clock of the database, which is that of the tests.
func (b *bundle) expires(t *testing.T) time.Time {
	t.Helper()
	return scalar[time.Time](t, b, `SELECT expires_at FROM {ledger}.lease`)
}

// begin begins a transaction of another session with the fence. It returns what the fence says.
func (b *bundle) begin(t *testing.T, f lease.Fence) (pgx.Tx, error) {
	t.Helper()
	tx, err := b.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
	return tx, verify(t.Context(), tx, f)
}

func verify(ctx context.Context, tx pgx.Tx, f lease.Fence) error {
	var q pgx.Batch
	f.Queue(&q, names)
	return tx.SendBatch(ctx, &q).Close()
}

// check wants the fence to say that the term is over, or not.
func (b *bundle) check(t *testing.T, f lease.Fence, over bool) {
	t.Helper()
	tx, err := b.begin(t, f)
	if over && !errors.Is(err, lease.ErrLost) || !over && err != nil {
		t.Errorf("the fence of %+v says: %v", f, err)
	}
	_ = tx.Rollback(t.Context())
}

// member is one copy of the daemon.
type member struct {
	*lease.Lease
	wire  *wire
	clock *clock
	// terms gets each term in which the copy leads.
	terms chan term
	// stop does what SIGTERM does, and returns when the copy has ended.
	stop func()
}

// term is what lead was called with, and when.
type term struct {
	lease.Fence
	ctx context.Context
	at  time.Time
}

// wake has copies that follow campaign by a channel.
func wake(c <-chan struct{}) func(*lease.Config) {
	return func(config *lease.Config) { config.Wake = c }
}

// join starts a copy that does nothing when it leads, until it does no more.
func (b *bundle) join(t *testing.T, name string, options ...func(*lease.Config)) *member {
	t.Helper()
	return b.joinWith(t, name, func(ctx context.Context, _ lease.Fence) { <-ctx.Done() }, options...)
}

func (b *bundle) joinWith(t *testing.T, name string, lead func(context.Context, lease.Fence), options ...func(*lease.Config)) *member {
	t.Helper()
	m := &member{wire: &wire{}, clock: &clock{}, terms: make(chan term, 1000)}
	config := lease.Config{Names: names, Holder: name, Duration: b.duration}
	for _, option := range options {
		option(&config)
	}
	m.Lease = lease.New(m.wire.config(t, b.url), config, discard, m.clock.now)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.Run(ctx, func(ctx context.Context, f lease.Fence) {
			m.terms <- term{f, ctx, time.Now()}
			lead(ctx, f)
		})
	}()
	m.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	t.Cleanup(func() {
		m.wire.mend()
		m.stop()
	})
	return m
}

// kill does what SIGKILL does, as far as the database sees it.
func (m *member) kill() {
	m.wire.cut()
	m.stop()
}

// leads waits for the next term of the copy.
func (m *member) leads(t *testing.T) term {
	t.Helper()
	select {
	case f := <-m.terms:
		return f
	case <-time.After(patience):
		t.Fatalf("does not lead; status %+v", m.Status())
		return term{}
	}
}

// follows wants the copy not to have led since it did last.
func (m *member) follows(t *testing.T) {
	t.Helper()
	select {
	case f := <-m.terms:
		t.Errorf("%s leads in term %d", f.Holder, f.Term)
	default:
	}
}

// loses waits for the end of the term and returns when and why it was.
func (f term) loses(t *testing.T) (time.Time, error) {
	t.Helper()
	select {
	case <-f.ctx.Done():
		return time.Now(), context.Cause(f.ctx)
	case <-time.After(patience):
		t.Fatal("leads still")
		return time.Time{}, nil
	}
}

// eventually waits for something to become true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not so after %s: %s", patience, what)
		}
	}
}

// waiting tells whether a statement with this text waits for a lock.
func (b *bundle) waiting(t *testing.T, text string) bool {
	t.Helper()
	return scalar[bool](t, b, `SELECT EXISTS (SELECT FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock' AND position($1 IN query) > 0)`, text)
}

// open opens a pool as the program does.
func open(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

var discard = slog.New(slog.DiscardHandler)

func begin(t *testing.T, b *bundle) pgx.Tx {
	t.Helper()
	tx, err := b.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
	return tx
}

func do(t *testing.T, tx pgx.Tx, sql string) {
	t.Helper()
	if _, err := tx.Exec(t.Context(), names.SQL(sql)); err != nil {
		t.Fatal(err)
	}
}

func wantLost(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, lease.ErrLost) {
		t.Errorf("got %v, want that the term is over", err)
	}
}

package lease_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/lease"
)

func TestALeaderNoticesThatItIsNone(t *testing.T) {
	t.Parallel()
	const free = `expires_at = clock_timestamp()`
	for name, c := range map[string]struct {
		write string
		next  int64 // the term after it
	}{
		"another one leads":                  {`UPDATE {ledger}.lease SET term = term + 1, holder = 'other', expires_at = clock_timestamp() + interval '1 s'`, 3},
		"the clock went forward":             {`UPDATE {ledger}.lease SET ` + free, 2},
		"its row was deleted":                {`DELETE FROM {ledger}.lease`, 2},
		"a backup knows an older term":       {`UPDATE {ledger}.lease SET term = -4, holder = 'other', ` + free, 2},
		"a backup knows an older of itself":  {`UPDATE {ledger}.lease SET term = -4, expires_at = clock_timestamp() + interval '1 hour'`, 2},
		"a backup knows the term of another": {`UPDATE {ledger}.lease SET holder = 'other', expires_at = clock_timestamp() + interval '1 s'`, 2},
		"a backup knows nobody":              {`UPDATE {ledger}.lease SET term = 0, holder = '', ` + free, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, steady)
			m := b.join(t, "first")
			f := m.leads(t)
			b.exec(t, c.write)
			b.check(t, f.Fence, true)
			if at, cause := f.loses(t); !errors.Is(cause, lease.ErrLost) || at.After(f.at.Add(b.duration*2/3)) {
				t.Errorf("stopped after %s by %v", at.Sub(f.at), cause)
			}
			if s := m.Status(); s.Leading || s.Err != nil {
				t.Errorf("status %+v, want that it does not lead and that nothing is wrong", s)
			}
			if next := m.leads(t); next.Term != c.next {
				t.Errorf("leads again in term %d, want %d", next.Term, c.next)
			}
		})
	}
}

func TestALeaderWithoutTheDatabaseStopsBeforeItsLeaseExpires(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*wire){
		"connections are refused": (*wire).cut,
		"nothing is answered":     (*wire).hush,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 2*steady)
			m := b.join(t, "first")
			f := m.leads(t)
			next := b.join(t, "second")
			fail(m.wire)
			at, cause := f.loses(t)
			if !errors.Is(cause, lease.ErrLost) || !strings.Contains(cause.Error(), "renewing term 1 of the lease: cannot reach Postgres") {
				t.Errorf("stopped by %v", cause)
			}
			switch expires := b.expires(t); {
			case !at.Before(expires):
				t.Errorf("stopped %s after the lease expired", at.Sub(expires))
			case at.Before(expires.Add(-b.duration / 2)):
				t.Errorf("stopped %s before the lease expires: too early", expires.Sub(at))
			}
			if s := m.Status(); s.Leading || s.Err == nil {
				t.Errorf("status %+v", s)
			}
			if took := next.leads(t); took.Term != 2 || took.at.Before(at) {
				t.Errorf("the second leads in term %d, %s before the first stopped", took.Term, at.Sub(took.at))
			}
			m.wire.mend()
			eventually(t, "the first follows", func() bool { s := m.Status(); return s.Err == nil && s.Term == 2 })
			m.follows(t)
		})
	}
}

func TestARenewalThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*wire){
		"connections are refused": (*wire).cut,
		"nothing is answered":     (*wire).hush,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 2*steady)
			m := b.join(t, "first")
			f := m.leads(t)
			fail(m.wire)
			eventually(t, "a renewal failed", func() bool { return m.Status().Err != nil })
			m.wire.mend()
			eventually(t, "the lease outlives its duration", func() bool {
				return m.Status().Err == nil && b.expires(t).After(f.at.Add(b.duration+b.duration/2))
			})
			if f.ctx.Err() != nil {
				t.Errorf("context %v, status %+v", f.ctx.Err(), m.Status())
			}
		})
	}
}

func TestAFollowerThatGotNoAnswerAsksAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	b.join(t, "first").leads(t)
	m := b.join(t, "second")
	eventually(t, "the second follows", func() bool { return m.Status().Term == 1 })
	m.wire.hush()
	eventually(t, "it knows that there is no answer", func() bool { return m.Status().Err != nil })
	m.wire.mend()
	eventually(t, "it follows again", func() bool { return m.Status().Err == nil })
	m.follows(t)
}

func TestADatabaseThatWasAwayIsLedAgain(t *testing.T) {
	t.Parallel()
	server := pgtest.Own(t)
	b := install(t, server.New(t, pgtest.V1_81_12), brief)
	members := []*member{b.join(t, "first"), b.join(t, "second")}
	f := first(t, members...)
	if err := server.StopPostgres(); errors.Is(err, pgtest.ErrNotOurs) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	_, cause := f.loses(t)
	wantLost(t, cause)
	for _, m := range members {
		eventually(t, "all know that it is away", func() bool { s := m.Status(); return s.Err != nil && !s.Leading })
	}
	if err := server.StartPostgres(t.Context()); err != nil {
		t.Fatal(err)
	}
	if next := first(t, members...); next.Term <= f.Term {
		t.Errorf("term %d after %d", next.Term, f.Term)
	}
}

// first waits for the first of two to lead.
func first(t *testing.T, members ...*member) term {
	t.Helper()
	select {
	case f := <-members[0].terms:
		return f
	case f := <-members[1].terms:
		return f
	case <-time.After(patience):
		t.Fatal("nobody leads")
		return term{}
	}
}

// The server has executed a statement of a batch, and waits for the next one: no
// timeout of its own ends such a session.
func TestALeaderThatFreezesInsideABatchIsFollowed(t *testing.T) {
	t.Parallel()
	b := setup(t, brief)
	b.exec(t, `INSERT INTO {ledger}.lease VALUES ('daemon', 'gone', 1, now(), now())`)
	conn, err := pgx.Connect(t.Context(), b.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	for _, sql := range []string{`BEGIN`, `SELECT FROM {ledger}.lease WHERE name = 'daemon' FOR KEY SHARE`} {
		if _, err := conn.Exec(t.Context(), names.SQL(sql)); err != nil {
			t.Fatal(err)
		}
	}
	wire := conn.PgConn().Frontend()
	wire.Send(&pgproto3.Parse{Query: "SELECT 1"})
	wire.Send(&pgproto3.Bind{})
	wire.Send(&pgproto3.Execute{})
	wire.Send(&pgproto3.Flush{})
	if err := wire.Flush(); err != nil {
		t.Fatal(err)
	}
	if next := b.join(t, "first").leads(t); next.Term != 2 {
		t.Errorf("term %d after 1", next.Term)
	}
}

// A session that works, or is somebody else's, is waited for.
func TestNobodyElsesSessionIsEnded(t *testing.T) {
	t.Parallel()
	b := setup(t, brief)
	stranger, err := pgx.Connect(t.Context(), b.Role(t, "stranger",
		names.SQL(`GRANT USAGE ON SCHEMA {ledger} TO {role}`), names.SQL(`GRANT SELECT, UPDATE ON {ledger}.lease TO {role}`)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Close(context.WithoutCancel(t.Context())) }()
	b.exec(t, `INSERT INTO {ledger}.lease VALUES ('daemon', 'gone', 1, now(), now())`)
	for _, sql := range []string{`BEGIN`, `SELECT FROM {ledger}.lease WHERE name = 'daemon' FOR KEY SHARE`} {
		if _, err := stranger.Exec(t.Context(), names.SQL(sql)); err != nil {
			t.Fatal(err)
		}
	}
	m := b.join(t, "first")
	eventually(t, "it campaigned in vain", func() bool { return m.Status().Err != nil })
	time.Sleep(b.duration)
	if _, err := stranger.Exec(t.Context(), `COMMIT`); err != nil {
		t.Error(err)
	}
	m.leads(t)
}

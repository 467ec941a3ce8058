package lease_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/lease"
)

func TestOneCopyLeadsForAsLongAsItLives(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	leader := b.join(t, "pod")
	f := leader.leads(t)
	others := []*member{b.join(t, "pod"), b.join(t, "pod")} // names need not be unique

	eventually(t, "the lease outlives its duration", func() bool { return b.expires(t).After(f.at.Add(2 * b.duration)) })
	if f.Term != 1 || !strings.HasPrefix(f.Holder, "pod/") {
		t.Errorf("leads as %+v, want term 1 of pod", f.Fence)
	}
	if f.ctx.Err() != nil || !leader.Status().Leading {
		t.Errorf("does not lead: %v, status %+v", context.Cause(f.ctx), leader.Status())
	}
	for _, other := range others {
		other.follows(t)
		if s := other.Status(); s != (lease.Status{Holder: f.Holder, Term: 1}) {
			t.Errorf("a follower's status is %+v, want it to know the leader", s)
		}
	}
}

func TestOnlyOneOfManyThatStartAtOnceLeads(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	terms := make(chan lease.Fence, 100)
	var members []*member
	for range 6 {
		members = append(members, b.joinWith(t, "pod", func(ctx context.Context, f lease.Fence) {
			terms <- f
			<-ctx.Done()
		}))
	}
	f := <-terms
	for _, m := range members {
		eventually(t, "all know who leads", func() bool { return m.Status().Holder == f.Holder })
	}
	if f.Term != 1 || len(terms) != 0 {
		t.Errorf("%d more terms after %+v", len(terms), f)
	}
}

func TestALeaderThatStopsHandsOver(t *testing.T) {
	t.Parallel()
	t.Run("at once to those that listen", func(t *testing.T) {
		t.Parallel()
		b := setup(t, 10*time.Minute) // no poll helps
		leader := b.join(t, "first")
		leader.leads(t)
		heard := listen(t, b)
		next := b.join(t, "second", wake(heard))
		eventually(t, "the second follows", func() bool { return next.Status().Term == 1 })
		leader.stop()
		if f := next.leads(t); f.Term != 2 {
			t.Errorf("leads in term %d", f.Term)
		}
		if leader.Status().Leading {
			t.Error("the first takes itself for the leader still")
		}
	})
	t.Run("with the next poll to others", func(t *testing.T) {
		t.Parallel()
		b := setup(t, 4*steady)
		leader := b.join(t, "first")
		f := leader.leads(t)
		next := b.join(t, "second")
		eventually(t, "the second follows", func() bool { return next.Status().Term == 1 })
		expires := b.expires(t)
		leader.stop()
		b.check(t, f.Fence, true)
		if f := next.leads(t); f.Term != 2 || !f.at.Before(expires) {
			t.Errorf("leads in term %d, %s before the lease would have expired", f.Term, expires.Sub(f.at))
		}
	})
}

// listen hands on the notifications of the lease.
func listen(t *testing.T, b *bundle) <-chan struct{} {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "LISTEN "+lease.Channel(names)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	heard, done := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(done)
		for {
			if _, err := conn.WaitForNotification(ctx); err != nil {
				return
			}
			heard <- struct{}{}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		_ = conn.Close(context.WithoutCancel(t.Context()))
	})
	return heard
}

func TestTheLeaseIsHeldUntilTheLeaderHasFinished(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	finished := make(chan struct{})
	leader := b.joinWith(t, "first", func(context.Context, lease.Fence) { <-finished })
	f := leader.leads(t)
	next := b.join(t, "second")
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		leader.stop()
	}()
	if at, cause := f.loses(t); !errors.Is(cause, context.Canceled) || errors.Is(cause, lease.ErrLost) {
		t.Errorf("told to stop by %v", cause)
	} else {
		eventually(t, "the lease outlives its duration", func() bool { return b.expires(t).After(at.Add(b.duration + b.duration/2)) })
	}
	b.check(t, f.Fence, false)
	next.follows(t)
	close(finished)
	<-stopped
	if f := next.leads(t); f.Term != 2 {
		t.Errorf("the next one leads in term %d", f.Term)
	}
}

func TestACopyWhoseWorkEndsByItselfHandsOver(t *testing.T) {
	t.Parallel()
	b := setup(t, 10*time.Minute)
	leader := b.joinWith(t, "first", func(context.Context, lease.Fence) {})
	f := leader.leads(t)
	eventually(t, "the lease is free", func() bool { return !b.expires(t).After(time.Now()) })
	b.check(t, f.Fence, true)
	if f := b.join(t, "second").leads(t); f.Term != 2 {
		t.Errorf("the next one leads in term %d", f.Term)
	}
	leader.stop()
	leader.follows(t)
}

func TestACopyThatHasStoppedLeavesNoSession(t *testing.T) {
	t.Parallel()
	b := setup(t, 10*time.Minute)
	b.url += "&application_name=copy"
	m := b.join(t, "first")
	m.leads(t)
	sessions := func() int {
		return scalar[int](t, b, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'copy' AND datname = current_database()`)
	}
	if n := sessions(); n != 1 {
		t.Errorf("%d sessions", n)
	}
	m.stop()
	eventually(t, "the session has ended", func() bool { return sessions() == 0 })
}

func TestAFollowerThatStopsLeavesTheLeaderAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, 10*time.Minute)
	f := b.join(t, "first").leads(t)
	follower := b.join(t, "second")
	eventually(t, "the second follows", func() bool { return follower.Status().Term == 1 })
	heard := listen(t, b)
	follower.stop()
	b.check(t, f.Fence, false)
	if len(heard) > 0 {
		t.Error("others were told of a lease that is not free")
	}
}

func TestADeadLeadersLeaseIsTakenOverWhenItExpires(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	leader := b.join(t, "first")
	f := leader.leads(t)
	next := b.join(t, "second")
	eventually(t, "the second follows", func() bool { return next.Status().Term == 1 })
	leader.kill()
	expires := b.expires(t)
	took := next.leads(t)
	if acquired := scalar[time.Time](t, b, `SELECT acquired_at FROM {ledger}.lease`); took.Term != 2 || acquired.Before(expires) {
		t.Errorf("taken over in term %d, %s before it expired", took.Term, expires.Sub(acquired))
	}
	if late := took.at.Sub(expires); late > b.duration/2 {
		t.Errorf("taken over %s after it expired", late)
	}
	b.check(t, f.Fence, true)
	b.check(t, took.Fence, false)
}

func TestACopyCampaignsWhenTheLeaseIsToExpire(t *testing.T) {
	t.Parallel()
	b := setup(t, 10*time.Minute) // the next poll is minutes away
	b.exec(t, `INSERT INTO {ledger}.lease VALUES ('daemon', 'other', 1, now(), clock_timestamp() + interval '1 second')`)
	if f := b.join(t, "first").leads(t); f.Term != 2 {
		t.Errorf("leads in term %d", f.Term)
	}
}

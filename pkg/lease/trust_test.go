package lease_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"litellm-reconciler/pkg/lease"
)

func TestACopyThatDidNotRunKnowsAtOnceThatItsTimeIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t, 10*time.Minute)
	m := b.join(t, "first")
	asked := time.Now()
	m.leads(t)
	answered := time.Now()
	m.clock.forward(8*time.Minute - time.Since(asked) - time.Second)
	if !m.Status().Leading {
		t.Error("does not lead any more within four fifths of the lease")
	}
	m.clock.forward(time.Since(asked) - time.Since(answered) + 2*time.Second)
	if m.Status().Leading {
		t.Error("leads still after four fifths of the lease")
	}
}

func TestACopyThatDidNotRunCampaignsAnew(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	m := b.join(t, "first")
	f := m.leads(t)
	m.clock.forward(b.duration)
	_, cause := f.loses(t)
	if !errors.Is(cause, lease.ErrLost) || !strings.Contains(cause.Error(), "did not run") {
		t.Errorf("stopped by %v", cause)
	}
	if next := m.leads(t); next.Term != 2 {
		t.Errorf("leads again in term %d", next.Term)
	}
	b.check(t, f.Fence, true)
}

// An answer that comes late says nothing about the time since it was asked for.
func TestTrustCountsFromWhenTheLeaseWasAskedFor(t *testing.T) {
	t.Parallel()
	wantPaused := func(t *testing.T, f term) {
		t.Helper()
		if _, cause := f.loses(t); !errors.Is(cause, lease.ErrLost) || !strings.Contains(cause.Error(), "did not run") {
			t.Errorf("stopped by %v", cause)
		}
	}
	t.Run("in a campaign", func(t *testing.T) {
		t.Parallel()
		b := setup(t, 10*time.Minute)
		b.exec(t, `INSERT INTO {ledger}.lease VALUES ('daemon', 'other', 1, 'epoch', 'epoch')`)
		tx := begin(t, b)
		do(t, tx, `SELECT FROM {ledger}.lease FOR NO KEY UPDATE`)
		m := b.join(t, "first")
		eventually(t, "the campaign waits", func() bool { return b.waiting(t, "FOR UPDATE") })
		m.clock.forward(b.duration)
		do(t, tx, `COMMIT`)
		wantPaused(t, m.leads(t))
	})
	t.Run("in a renewal", func(t *testing.T) {
		t.Parallel()
		b := setup(t, 2*steady)
		m := b.join(t, "first")
		f := m.leads(t)
		tx := begin(t, b)
		do(t, tx, `SELECT FROM {ledger}.lease FOR NO KEY UPDATE`)
		eventually(t, "the renewal waits", func() bool { return b.waiting(t, "expires_at > clock_timestamp()") })
		m.clock.forward(b.duration)
		do(t, tx, `COMMIT`)
		wantPaused(t, f)
	})
}

func TestARenewalIsNotAwaitedLongerThanTheLeaseIsTrusted(t *testing.T) {
	t.Parallel()
	b := setup(t, 4*steady)
	m := b.join(t, "first")
	f := m.leads(t)
	m.wire.hush()
	m.clock.forward(b.duration * 6 / 15) // one part is left when the renewal is due, after five
	if at, _ := f.loses(t); at.After(f.at.Add(b.duration * 7 / 15)) {
		t.Errorf("stopped after %s of %s", at.Sub(f.at), b.duration)
	}
}

func TestACopyLeadsOnceAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t, brief)
	goOn := make(chan struct{})
	m := b.joinWith(t, "first", func(context.Context, lease.Fence) { <-goOn })
	defer close(goOn)
	f := m.leads(t)
	m.clock.forward(b.duration)
	at, _ := f.loses(t)
	eventually(t, "it had time to lead again", func() bool { return time.Since(at) > b.duration })
	m.follows(t)
	goOn <- struct{}{}
	m.leads(t)
}

package lease

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

// All times are parts of the lease's duration: of 15 s, these are seconds.
const (
	expires = 15 // the lease, by the clock of the database
	trusted = 12 // the lease, by our own, counted from before it was asked for
	renewed = 5  // time between renewals
	retried = 1  // time after a renewal that failed

	attemptLimit  = 3 // time for a renewal, or to wait for a transaction of the term before
	campaignLimit = 5 // time for a campaign as a whole
	pollMin       = 3 // time between campaigns, at least
	pollSpread    = 2 // and what a random part of is added
)

const (
	// resignLimit is a share of the time to shut down.
	resignLimit = 2 * time.Second
	// breath is waited after the time at which the lease should be free.
	breath = 10 * time.Millisecond
)

// errPaused is why trust ended where no renewal had failed.
var errPaused = errors.New("this process did not run for a while")

// Config says how a copy takes part. All fields but Wake are required.
type Config struct {
	Names postgres.Names
	// Holder tells people which copy it is. It need not be unique.
	Holder string
	// Duration is how long a lease lasts that is not renewed. Copies of
	// different durations get along.
	Duration time.Duration
	// Wake has a copy that follows campaign at once. Nobody closes it. It is
	// for those who listen to Channel, and makes nothing right or wrong.
	Wake <-chan struct{}
}

// Lease is the part of one copy in the election of a leader.
type Lease struct {
	Config
	database *pgx.ConnConfig
	log      *slog.Logger
	now      func() time.Time
	holder   string
	conn     *pgx.Conn // of Run; nil: none

	mu     sync.Mutex
	status Status
	until  time.Time
}

// New makes the part of one copy. It connects when Run does, with one connection
// of its own and not out of a pool: a renewal must not wait for repairs, nor for
// the 15 s for which a pool keeps the place of a connection that went silent.
func New(database *pgx.ConnConfig, c Config, log *slog.Logger, now func() time.Time) *Lease {
	return &Lease{Config: c, database: database, log: log, now: now, holder: c.Holder + "/" + rand.Text()[:8]}
}

// Status is what a copy knows of the lease.
type Status struct {
	// Leading is whether this copy leads, by its own clock when it was asked.
	Leading bool
	// Holder and Term are those last seen in the database.
	Holder string
	Term   int64
	// Err is why the last campaign or renewal failed, nil if it did not. With a
	// right missing, the copy can never lead.
	Err error
}

// Status asks nobody. It may be called at any time.
func (l *Lease) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.status
	s.Leading = l.now().Before(l.until)
	return s
}

// Run takes part until ctx is done or lead has returned, and then hands over.
// It calls lead when this copy is to lead. The context of lead ends with ctx,
// or when the lease is lost: then the cause wraps ErrLost, and once lead has
// returned the copy follows. The lease is held while lead finishes its work.
func (l *Lease) Run(ctx context.Context, lead func(ctx context.Context, f Fence)) {
	// Whatever became of it: a campaign that was cut off may have been won.
	defer func() {
		l.resign(ctx)
		l.disconnect(ctx)
	}()
	var seen int64
	for ctx.Err() == nil {
		asked := l.now()
		r, won, err := l.campaign(ctx, seen)
		l.learn(ctx, r, err)
		seen = max(seen, r.term)
		if won && l.hold(ctx, Fence{l.holder, r.term}, asked, lead) {
			return
		}
		wait := l.part(pollMin) + mathrand.N(l.part(pollSpread)) //nolint:gosec // jitter needs no secrecy
		if err == nil && !won {
			wait = min(wait, max(r.left, 0)+breath)
		}
		l.wait(ctx, wait)
	}
}

// hold leads until lead has returned, which it reports, or the lease is lost.
func (l *Lease) hold(ctx context.Context, f Fence, asked time.Time, lead func(context.Context, Fence)) bool {
	leading, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l.trust(asked.Add(l.part(trusted)))
	l.log.InfoContext(ctx, "this copy leads", "holder", f.Holder, "term", f.Term)
	done := make(chan struct{})
	go func() {
		defer close(done)
		lead(leading, f)
	}()
	err := l.keep(context.WithoutCancel(ctx), f, asked, done)
	if err == nil {
		return true
	}
	l.trust(time.Time{})
	cancel(err)
	l.log.WarnContext(ctx, "this copy does not lead any more", "term", f.Term, "error", err)
	<-done
	return false
}

// keep renews the lease until done. It returns an error that wraps ErrLost when
// the lease is lost, or can be trusted no longer.
func (l *Lease) keep(ctx context.Context, f Fence, asked time.Time, done <-chan struct{}) error {
	until, next, failed := asked.Add(l.part(trusted)), asked.Add(l.part(renewed)), errPaused
	for {
		select {
		case <-done:
			return nil
		case <-time.After(next.Sub(l.now())):
		}
		asked = l.now()
		if !asked.Before(until) {
			return fmt.Errorf("%w: not renewed in time: %w", ErrLost, failed)
		}
		err := l.renew(ctx, f, min(l.part(attemptLimit), until.Sub(asked)))
		l.learn(ctx, row{f.Holder, f.Term, 0}, err)
		switch {
		case err == nil:
			until, next, failed = asked.Add(l.part(trusted)), asked.Add(l.part(renewed)), errPaused
			l.trust(until)
		case errors.Is(err, ErrLost):
			return err
		default:
			next, failed = l.now().Add(l.part(retried)), err
			if next.After(until) {
				next = until
			}
		}
	}
}

// trust sets the time until which this copy takes itself for the leader.
func (l *Lease) trust(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = until
}

// learn keeps for Status what the database said.
func (l *Lease) learn(ctx context.Context, r row, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case ctx.Err() != nil || errors.Is(err, ErrLost):
		return // cut off, or an answer and no failure
	case err == nil:
		l.status.Holder, l.status.Term = r.holder, r.term
	case l.status.Err == nil:
		l.log.WarnContext(ctx, "the lease is out of reach", "error", err)
	}
	l.status.Err = err
}

func (l *Lease) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-l.Wake:
	}
}

func (l *Lease) part(n int) time.Duration { return part(l.Duration, n) }

func part(duration time.Duration, n int) time.Duration {
	return duration * time.Duration(n) / expires
}

package cli

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/telemetry"
	"litellm-reconciler/pkg/trigger"
	"litellm-reconciler/pkg/watch"
)

// takePart makes this copy's part in the election, and has metrics and health
// know of it.
func (d *daemon) takePart() error {
	direct, err := pgx.ParseConfig(d.config.Direct.DSN)
	if err != nil {
		return usage(fmt.Errorf("parsing the direct URL: %w", err))
	}
	free := make(chan struct{}, 1)
	d.changed = make(chan struct{}, 1)
	d.listener = &trigger.Listener{Database: direct, Log: d.log, Wake: map[string]chan<- struct{}{
		lease.Channel(d.names): free,
		watch.Channel(d.names): d.changed,
	}}
	d.lease = lease.New(d.pool.Config().ConnConfig, lease.Config{
		Names: d.names, Holder: d.host, Duration: d.config.Lease.Duration, Wake: free,
	}, d.log, time.Now)
	d.metrics.WatchLease(func() (leading bool, term int64) {
		s := d.lease.Status()
		return s.Leading, s.Term
	})
	d.health.Follow(d.standsBy)
	return nil
}

// standsBy reports whether this copy follows another one, and what would keep it
// from leading.
func (d *daemon) standsBy() (bool, error) {
	s := d.lease.Status()
	switch {
	case s.Leading || s.Term == 0 && s.Err == nil: // or has not asked yet
		return false, nil
	case s.Err != nil:
		return true, fmt.Errorf("this copy could not take over: %w", postgres.Explain(s.Err))
	}
	return true, nil
}

// lead works under a term until ctx is done: the daemon is stopped, or the lease
// is lost. Passes and reactions go on at the same time, as they may take long;
// what they both want to write, the second one finds locked and waits for.
func (d *daemon) lead(ctx context.Context, f lease.Fence) {
	d.health.Began()
	e := d.newEvents(&f)
	passes := d.loop(d.schedule, func(ctx context.Context) error { return d.pass(ctx, &f, e.standing) })
	passes.Wake = e.missed
	reactions := d.loop(every(d.config.Watch.PollInterval), e.react)
	reactions.Wake = d.changed
	var loops sync.WaitGroup
	for _, l := range []trigger.Loop{passes, reactions, d.loop(every(tendInterval), e.tend)} {
		loops.Go(func() { l.Run(ctx) })
	}
	loops.Wait()
	// What the next leader sees is for the next leader to tell.
	d.metrics.ObserveTriggers(false)
	d.metrics.ObserveQueue(telemetry.Queue{})
}

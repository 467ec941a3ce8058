package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/bench/results"
)

// spend are clients that write what LiteLLM writes all the time (db_spend_update_writer.py). Each has a timetable, and
// an update counts from when it was due: one that waits for a lock makes those after it late, as it does in LiteLLM.
type spend struct {
	conns []*pgx.Conn
	stop  context.CancelFunc
	done  sync.WaitGroup

	mu      sync.Mutex
	samples []sample
	err     error
}

type sample struct {
	due  time.Time
	took time.Duration
}

const (
	someTeams   = `SELECT team_id FROM "LiteLLM_TeamTable" ORDER BY hashtext(team_id) LIMIT 5000`
	updateSpend = `UPDATE "LiteLLM_TeamTable" SET spend = spend + $2, updated_at = now() WHERE team_id = $1`
)

// startSpend connects and starts the clients.
func (l *Lab) startSpend(ctx context.Context, database string) (*spend, error) {
	s := &spend{}
	ctx, s.stop = context.WithCancel(ctx)
	var teams []string
	for range l.Clients {
		conn, err := pgx.Connect(ctx, l.server.URL(database))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("connecting as LiteLLM: %w", err), s.close(ctx))
		}
		s.conns = append(s.conns, conn)
	}
	rows, err := s.conns[0].Query(ctx, someTeams)
	if err == nil {
		teams, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading teams as LiteLLM: %w", err), s.close(ctx))
	}
	interval := time.Second / time.Duration(l.PerSecond)
	for i, conn := range s.conns {
		first := time.Now().Add(interval * time.Duration(i) / time.Duration(l.Clients))
		s.done.Go(func() { s.update(ctx, conn, teams, first, interval) })
	}
	return s, nil
}

// pids are the backends of the clients.
func (s *spend) pids() []uint32 {
	var pids []uint32
	for _, c := range s.conns {
		pids = append(pids, c.PgConn().PID())
	}
	return pids
}

func (s *spend) update(ctx context.Context, conn *pgx.Conn, teams []string, due time.Time, interval time.Duration) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ; ; due = due.Add(interval) {
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		_, err := conn.Exec(ctx, updateSpend, teams[rand.N(len(teams))], 0.01)
		s.mu.Lock()
		switch {
		case err == nil:
			s.samples = append(s.samples, sample{due, time.Since(due)})
		case ctx.Err() == nil:
			s.err = fmt.Errorf("updating spend: %w", err)
		}
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// settle waits until what is late has caught up, which is when updates due by now have been made.
func (s *spend) settle(ctx context.Context, clients int) error {
	now := time.Now()
	for {
		s.mu.Lock()
		later, err := 0, s.err
		for i := len(s.samples) - 1; i >= 0 && later < clients; i-- {
			if s.samples[i].due.After(now) {
				later++
			}
		}
		s.mu.Unlock()
		if err != nil || later >= clients {
			return err
		}
		if err := wait(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

// between sums up the updates that were due in that time.
func (s *spend) between(from, to time.Time) *results.Latency {
	s.mu.Lock()
	defer s.mu.Unlock()
	var took []float64
	for _, x := range s.samples {
		if !x.due.Before(from) && x.due.Before(to) {
			took = append(took, x.took.Seconds())
		}
	}
	return results.Summarize(took)
}

// close stops the clients and returns what went wrong.
func (s *spend) close(ctx context.Context) error {
	s.stop()
	s.done.Wait()
	for _, c := range s.conns {
		_ = c.Close(context.WithoutCancel(ctx))
	}
	return s.err
}

// wait sleeps unless ctx ends first.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

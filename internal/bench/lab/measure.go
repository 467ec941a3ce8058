package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"litellm-reconciler/internal/bench/results"
)

// command is how a peer is started on a work.
type command struct {
	program string
	args    []string
}

// Average number of servers that three groups of eight grant.
const width = 24

func (s *Site) command(work, who string, rows int) command {
	if who != results.Ours {
		w := width
		if work == results.Revoke {
			w = 0
		}
		return command{s.Self, []string{"peer", "-peer", who, "-work", work, "-rows", strconv.Itoa(rows), "-width", strconv.Itoa(w)}}
	}
	args := []string{"--once", "-o", "json"}
	if work == results.Revoke {
		args = append(args, "--allow-revokes") // everything at once is what the limits are there to refuse
	}
	return command{s.Binary, args}
}

// Quiet measures a process that has the server to itself, and sees that it did its work.
func (s *Site) Quiet(ctx context.Context, work, who string) (results.Run, error) {
	if work == results.Event {
		return s.quietEvents(ctx, who)
	}
	return s.on(ctx, work, func(database string, rows int) (results.Run, error) {
		before, err := s.written(ctx)
		if err != nil {
			return results.Run{}, err
		}
		r, err := s.work(ctx, database, work, who, rows)
		if err != nil {
			return r, err
		}
		after, err := s.written(ctx)
		if err != nil {
			return r, err
		}
		r.WALBytes = after - before
		if who == results.Floor {
			return r, nil
		}
		return r, s.agree(ctx, database, work, who)
	})
}

// Busy measures what LiteLLM notices of a process.
func (s *Site) Busy(ctx context.Context, work, who string) (results.Run, error) {
	if work == results.Event {
		return s.busyEvents(ctx, who)
	}
	return s.on(ctx, work, func(database string, rows int) (results.Run, error) {
		return s.beside(ctx, database, func() (results.Run, error) { return s.work(ctx, database, work, who, rows) })
	})
}

// on does something to a database in the state that a work begins with.
func (s *Site) on(ctx context.Context, work string, do func(database string, rows int) (results.Run, error)) (results.Run, error) {
	database, rows, done, err := s.state(ctx, work)
	if err != nil {
		return results.Run{}, err
	}
	r, err := do(database, rows)
	return r, errors.Join(err, done())
}

// work runs a peer, and compares how many teams it found drifted.
func (s *Site) work(ctx context.Context, database, work, who string, rows int) (results.Run, error) {
	c := s.command(work, who, rows)
	out, err := s.run(ctx, c.program, s.env(database), c.args...)
	if err != nil {
		return out.run, err
	}
	var report struct {
		Drifted int `json:"drifted_teams"`
	}
	if err := json.Unmarshal([]byte(out.stdout), &report); err != nil {
		return out.run, fmt.Errorf("reading what %s reports: %w", who, err)
	}
	if who != results.Floor && report.Drifted != rows {
		return out.run, fmt.Errorf("%s found %d drifted teams in work %s, want %d", who, report.Drifted, work, rows)
	}
	return out.run, nil
}

// beside does something while LiteLLM's clients are at work, and some time before and after.
func (s *Site) beside(ctx context.Context, database string, do func() (results.Run, error)) (r results.Run, err error) {
	clients, err := s.startSpend(ctx, database)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, clients.close(ctx)) }()
	if err := wait(ctx, min(time.Second, s.Window)); err != nil { // for the first updates, which fetch what is not in memory yet
		return r, err
	}
	watch, err := s.watchLocks(ctx, clients.pids())
	if err != nil {
		return r, err
	}
	start := time.Now()
	err = wait(ctx, s.Window)
	begin := time.Now()
	if err == nil {
		r, err = do()
	}
	end := time.Now()
	if err == nil {
		err = wait(ctx, s.Window)
	}
	last := time.Now()
	longest, watchErr := watch.close(ctx)
	if err = errors.Join(err, watchErr); err != nil {
		return r, err
	}
	if err := clients.settle(ctx, s.Clients); err != nil {
		return r, err
	}
	r.LongestLock = longest.Seconds()
	r.Before, r.During, r.After = clients.between(start, begin), clients.between(begin, end), clients.between(end, last)
	return r, nil
}

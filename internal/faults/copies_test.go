//go:build faults

package faults_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"litellm-reconciler/internal/faults/pgproxy"
	"litellm-reconciler/internal/pgtest"
)

// leaseDuration is the shortest that the program allows.
const leaseDuration = 5 * time.Second

// slack is for a busy machine, where something was measured by the clock.
const slack = 5 * time.Second

// crew are copies of the daemon over one database, in which there is always
// something to be done.
type crew struct {
	db     *pgtest.Database
	copies map[string]*daemon
	wires  map[string]*pgproxy.Proxy
	serial int
}

func newCrew(t *testing.T, size int) *crew {
	t.Helper()
	db := pgtest.New(t, pgtest.V1_88)
	const groups = 6
	for n := range groups {
		db.Group(t, fmt.Sprintf("group-%d", n), "github")
	}
	for n := range 60 {
		db.Team(t, fmt.Sprintf("team-%02d", n), fmt.Sprintf("group-%d", n%groups))
	}
	expect(t, of(db), "migrate", "up")
	db.Exec(t, witnessSQL)
	c := &crew{db: db, copies: map[string]*daemon{}, wires: map[string]*pgproxy.Proxy{}}
	for range size {
		c.join(t)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	writers.Go(func() { drift(ctx, db, groups) })
	t.Cleanup(writers.Wait)
	t.Cleanup(cancel)
	return c
}

// join adds a copy with a slow connection, so that it is most often in a
// transaction when something happens to it.
func (c *crew) join(t *testing.T) {
	t.Helper()
	c.serial++
	name := fmt.Sprintf("copy-%d", c.serial)
	proxy, slow := before(t, named(t, c.db.URL, name))
	proxy.SetDelay(time.Millisecond)
	c.wires[name] = proxy
	c.copies[name] = start(t, at(slow), "--lease-duration="+leaseDuration.String(),
		"--repair-batch-size=10", "--guard-max-revoked-fraction=1")
}

// leader waits until one copy leads and has written for a while, most often in
// the middle of a batch, and returns its name and term.
func (c *crew) leader(t *testing.T) (name string, term int64) {
	t.Helper()
	const changes = 40
	var after int64
	if err := c.db.Pool.QueryRow(t.Context(), `SELECT last_value FROM witness.seen_seq_seq`).Scan(&after); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		err := c.db.Pool.QueryRow(t.Context(), `SELECT copy, term FROM witness.seen WHERE seq > $1 ORDER BY seq DESC LIMIT 1`,
			after+changes).Scan(&name, &term)
		if err != nil {
			return fmt.Errorf("looking for who writes: %w", err)
		}
		return nil
	})
	think(500 * time.Millisecond)
	return name, term
}

// follow waits until the term has passed to another copy, and returns how long
// that took.
func (c *crew) follow(t *testing.T, term int64) time.Duration {
	t.Helper()
	return eventually(t, func() error {
		if now := pgtest.Scalar[int64](t, c.db, `SELECT term FROM litellm_reconciler.lease`); now <= term {
			return fmt.Errorf("the term is still %d", now)
		}
		return nil
	})
}

// wantFollower waits until a copy knows that it does not lead any more.
func (c *crew) wantFollower(t *testing.T, name string) {
	t.Helper()
	eventually(t, func() error {
		if leads(t, c.copies[name]) {
			return fmt.Errorf("%s still takes itself for the leader", name)
		}
		return nil
	})
}

func leads(t *testing.T, d *daemon) bool {
	t.Helper()
	_, body, err := d.Get(t.Context(), "/metrics")
	return err == nil && strings.Contains(body, "\nlitellm_reconciler_leader 1\n")
}

func (c *crew) signal(t *testing.T, name string, s syscall.Signal) {
	t.Helper()
	if err := c.copies[name].Cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func TestOfSeveralCopiesOneWritesWhateverHappensToIt(t *testing.T) {
	t.Parallel()
	for _, size := range []int{2, 3} {
		t.Run(fmt.Sprintf("%d copies", size), func(t *testing.T) {
			t.Parallel()
			c := newCrew(t, size)
			i := inject(t, fmt.Sprintf("leader of %d copies stopped past its lease, killed, or told to end (lease of %s)", size, leaseDuration))
			for range 3 {
				leader, term := c.leader(t)
				i.add()
				c.signal(t, leader, syscall.SIGSTOP)
				i.took(t, "stopped: followed after", c.follow(t, term), leaseDuration+slack)
				c.signal(t, leader, syscall.SIGCONT)
				c.wantFollower(t, leader)

				leader, term = c.leader(t)
				i.add()
				c.signal(t, leader, syscall.SIGKILL)
				i.took(t, "killed: followed after", c.follow(t, term), leaseDuration+slack)
				c.join(t)

				leader, term = c.leader(t)
				i.add()
				c.signal(t, leader, syscall.SIGTERM)
				i.took(t, "told to end: followed after", c.follow(t, term), slack)
				c.join(t)
			}
			i.wantOneWriter(t, witnessed(t, c.db))
		})
	}
}

// took notes how long something took, and wants it to be no longer than that.
func (i *injection) took(t *testing.T, what string, took, most time.Duration) {
	t.Helper()
	i.longest(what, took)
	if took > most {
		i.mistake(t, "%s %s, which should be %s at most", what, took, most)
	}
}

//go:build faults

package faults_test

import (
	"testing"
	"time"
)

// A network that swallows everything closes no connection: neither side hears
// of it before its patience ends.
func TestALeaderWhoseConnectionsGoSilentIsFollowed(t *testing.T) {
	t.Parallel()
	c := newCrew(t, 2)
	i := inject(t, "leader's connections silent for longer than its lease of "+leaseDuration.String())
	for range 3 {
		leader, term := c.leader(t)
		i.add()
		began := time.Now()
		c.wires[leader].Swallow(true)
		i.took(t, "followed after", c.follow(t, term), leaseDuration+slack)
		c.wantFollower(t, leader)
		i.took(t, "knows it after", time.Since(began), leaseDuration+slack)
		c.leader(t) // the other one writes
		c.wires[leader].Swallow(false)
		c.copies[leader].await(t, 200)
	}
	i.wantOneWriter(t, witnessed(t, c.db))
}

// Alone, it goes on by itself once it hears something again.
func TestTheOnlyCopyOutlivesASilence(t *testing.T) {
	t.Parallel()
	c := newCrew(t, 1)
	i := inject(t, "the only copy's connections silent for longer than its lease of "+leaseDuration.String())
	for range 2 {
		leader, _ := c.leader(t)
		i.add()
		c.wires[leader].Swallow(true)
		c.wantFollower(t, leader)
		c.wires[leader].Swallow(false)
		began := time.Now()
		c.leader(t)
		i.took(t, "writes again after", time.Since(began), patience)
	}
	i.wantOneWriter(t, witnessed(t, c.db))
}

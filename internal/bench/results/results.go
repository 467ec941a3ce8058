// Package results is what a benchmark came to: the figures of each run, the file they are kept in, and what they say
// about the targets.
package results

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Works are what there was to do, in the order in which they are shown.
const (
	Nothing = "nothing" // no team drifted
	Few     = "few"     // one team in a thousand drifted
	Missing = "missing" // no team has a row
	Revoke  = "revoke"  // every team loses all it was granted
	Group   = "group"   // one group that a tenth of the teams have was edited
	Event   = "event"   // a group of three teams was edited, and somebody waits for it
)

// Works lists all of them.
func Works() []string { return []string{Nothing, Few, Missing, Revoke, Group, Event} }

// Peers are who did it.
const (
	Ours  = "ours"
	SQL   = "sql"   // one statement or transaction, written by hand
	Loop  = "loop"  // one team after the other
	Floor = "floor" // the least that anybody has to do
)

// Peers lists all of them.
func Peers() []string { return []string{Ours, SQL, Loop, Floor} }

// Results are all figures of a benchmark. Times are in seconds.
type Results struct {
	Date     time.Time         `json:"date"`
	Version  string            `json:"version"`
	Machine  Machine           `json:"machine"`
	Settings map[string]string `json:"postgres_settings"`
	Options  map[string]string `json:"options"`
	Program  Program           `json:"program"`

	Measurements []*Measurement `json:"measurements"`
}

// Machine is what it ran on.
type Machine struct {
	System      string `json:"system"`
	CPU         string `json:"cpu"`
	CPUs        int    `json:"cpus"`
	MemoryBytes int64  `json:"memory_bytes"`
	Go          string `json:"go"`
	Postgres    string `json:"postgres"`
	// LoadBefore and LoadAfter are the load averages of a minute: before, the machine should have been idle.
	LoadBefore float64 `json:"load_before"`
	LoadAfter  float64 `json:"load_after"`
}

// Program is about the program alone.
type Program struct {
	Bytes int64 `json:"binary_bytes"`
	// FirstStatement is how long each of some starts took until Postgres was sent a statement.
	FirstStatement []float64 `json:"first_statement_seconds"`
}

// Measurement is all runs of one peer at one work and size.
type Measurement struct {
	Teams int    `json:"teams"`
	Work  string `json:"work"`
	Peer  string `json:"peer"`
	// Quiet are the runs that had the server to themselves, Busy those beside a client that updates spend.
	Quiet []Run `json:"quiet"`
	Busy  []Run `json:"busy"`
}

// Run is one repetition. A field that does not apply is left out.
type Run struct {
	Wall      float64 `json:"wall_seconds,omitempty"`
	CPU       float64 `json:"cpu_seconds,omitempty"`
	PeakBytes int64   `json:"peak_bytes,omitempty"`
	WALBytes  int64   `json:"wal_bytes,omitempty"`
	// LongestLock is how long the longest transaction held locks on rows.
	LongestLock float64  `json:"longest_lock_seconds,omitempty"`
	Before      *Latency `json:"spend_before,omitempty"`
	During      *Latency `json:"spend_during,omitempty"`
	After       *Latency `json:"spend_after,omitempty"`
	// Events is how long edits took to arrive in the rows.
	Events *Latency `json:"events,omitempty"`
}

// Latency sums up what many operations took.
type Latency struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_seconds"`
	P99 float64 `json:"p99_seconds"`
	Max float64 `json:"max_seconds"`
}

// At returns the measurement of a peer at a work and size, nil if it was not made.
func (r *Results) At(teams int, work, peer string) *Measurement {
	for _, m := range r.Measurements {
		if m.Teams == teams && m.Work == work && m.Peer == peer {
			return m
		}
	}
	return nil
}

// Add returns the measurement, and makes it if need be.
func (r *Results) Add(teams int, work, peer string) *Measurement {
	m := r.At(teams, work, peer)
	if m == nil {
		m = &Measurement{Teams: teams, Work: work, Peer: peer}
		r.Measurements = append(r.Measurements, m)
	}
	return m
}

// Sizes lists the numbers of teams that were measured, smallest first.
func (r *Results) Sizes() []int {
	var sizes []int
	for _, m := range r.Measurements {
		sizes = append(sizes, m.Teams)
	}
	slices.Sort(sizes)
	return slices.Compact(sizes)
}

// Load reads a results file.
func Load(path string) (*Results, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the results: %w", err)
	}
	var r Results
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("reading the results in %s: %w", path, err)
	}
	return &r, nil
}

// Save writes a results file, whole or not at all.
func (r *Results) Save(path string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	draft := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	if err := os.WriteFile(draft, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	if err := os.Rename(draft, path); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	return nil
}

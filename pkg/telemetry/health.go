package telemetry

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Health answers whether the daemon is alive and whether it does its work. It
// knows of passes only what it is told, and never asks the database.
type Health struct {
	limit time.Duration
	now   func() time.Time

	mu        sync.Mutex
	standsBy  func() (bool, error)
	succeeded time.Time
	failure   error
	blocked   error
}

// NewHealth returns a health that is not ready before the first pass succeeds,
// nor when the last success is longer ago than limit.
func NewHealth(limit time.Duration, now func() time.Time) *Health {
	return &Health{limit: limit, now: now}
}

// Follow has Ready ask whether this copy stands by for another one that works,
// and what would keep it from taking over. Such a copy makes no passes, and is
// ready if nothing would. It is called before the first Ready.
func (h *Health) Follow(standsBy func() (bool, error)) { h.standsBy = standsBy }

// Began notes that it is for this copy to work from now on: what it did before
// another one had its turn does not count any more.
func (h *Health) Began() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.succeeded, h.failure, h.blocked = time.Time{}, nil, nil
}

// Succeeded notes a pass that ended well. It ends what Failed and Blocked said.
func (h *Health) Succeeded(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.succeeded, h.failure, h.blocked = at, nil, nil
}

// Failed notes the error of a pass, to be shown once the last success is too
// long ago. Its text is shown to whoever asks, so it must be free of secrets.
func (h *Health) Failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failure = err
}

// Blocked notes an error that no later pass cures by itself, such as a missing
// ledger schema: not ready from now on, until a pass succeeds. Its text must be
// free of secrets.
func (h *Health) Blocked(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.blocked = err
}

// Ready returns nil, or why the daemon is not doing its work.
func (h *Health) Ready() error {
	if h.standsBy != nil {
		if other, err := h.standsBy(); other {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.blocked != nil {
		return h.blocked
	}
	var why string
	age := h.now().Sub(h.succeeded).Round(time.Second)
	switch {
	case h.succeeded.IsZero():
		why = "no pass has succeeded yet"
	case age > h.limit:
		why = fmt.Sprintf("last successful pass was %s ago, limit %s", age, h.limit)
	default:
		return nil
	}
	if h.failure != nil {
		return fmt.Errorf("%s: %w", why, h.failure)
	}
	return errors.New(why)
}

// Livez always answers ok. A database that is away is no reason to restart the
// daemon, so liveness depends on nothing but the process.
func (h *Health) Livez(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, "ok")
}

// Readyz answers ok, or 503 and a line that says why not.
func (h *Health) Readyz(w http.ResponseWriter, _ *http.Request) {
	if err := h.Ready(); err != nil {
		answer(w, http.StatusServiceUnavailable, singleLine{err}.Error())
		return
	}
	answer(w, http.StatusOK, "ok")
}

func answer(w http.ResponseWriter, status int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, line+"\n") // a client that has gone needs no answer
}

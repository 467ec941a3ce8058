package lease_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// clock runs as the real one does, and can be put forward: to a process that was stopped it looks like that.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

// wire is what lies between a copy and the database.
type wire struct {
	mu     sync.Mutex
	broken bool          // connections are closed, and new ones refused
	silent chan struct{} // set: what is sent is swallowed; closed when that is over
	ends   []net.Conn
}

// config connects as postgres.Open does, over the wire.
func (w *wire) config(t *testing.T, url string) *pgx.ConnConfig {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	config.DialFunc = w.dial
	return config
}

// cut does what the end of the process does, or that of the server.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = true
	for _, end := range w.ends {
		_ = end.Close()
	}
	w.ends = nil
}

// hush is a network partition.
func (w *wire) hush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.silent == nil {
		w.silent = make(chan struct{})
	}
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = false
	if w.silent != nil {
		close(w.silent)
		w.silent = nil
	}
}

func (w *wire) state() (broken bool, silent <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken, w.silent
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	broken, silent := w.state()
	if silent != nil {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-silent:
		}
	}
	if broken {
		return nil, syscall.ECONNREFUSED
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends = append(w.ends, conn)
	return &end{conn, w}, nil
}

// end is a connection over the wire.
type end struct {
	net.Conn
	wire *wire
}

func (e *end) Write(b []byte) (int, error) {
	if _, silent := e.wire.state(); silent != nil {
		return len(b), nil
	}
	return e.Conn.Write(b)
}

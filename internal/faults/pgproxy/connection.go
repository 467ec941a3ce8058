package pgproxy

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const dialLimit = 5 * time.Second

// connection is one client and its connection to the server.
type connection struct {
	proxy  *Proxy
	client net.Conn

	mu     sync.Mutex
	server net.Conn // nil until it is dialled
	ended  bool
	done   chan struct{} // closed with both

	// halfway is whether the last message passed on was one of several that a
	// client sends at once. Only the goroutine of its messages uses it.
	halfway bool

	lost  atomic.Bool  // something was swallowed
	muted atomic.Bool  // nothing reaches the client any more
	owed  atomic.Int64 // answers that the server has still to complete
	// answered hears when a muted connection's server owes nothing more.
	answered chan struct{}
}

func (c *connection) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	close(c.done)
	_ = c.client.Close()
	if c.server != nil {
		_ = c.server.Close()
	}
}

// run passes messages on until either side, or the proxy, ends the connection.
func (c *connection) run(ctx context.Context) {
	defer c.close()
	from := bufio.NewReader(c.client)
	raw, code, err := opening(from)
	for err == nil && (code == sslRequest || code == gssRequest) {
		if _, err = c.client.Write([]byte{'N'}); err == nil { // not offered
			raw, code, err = opening(from)
		}
	}
	if err != nil || !c.dial(ctx) {
		return
	}
	if code == cancelRequest { // on a connection of its own, and never answered
		if _, swallows := c.proxy.mood(); !swallows {
			_, _ = c.server.Write(raw)
		}
		return
	}
	c.owed.Store(1)
	var answers sync.WaitGroup
	answers.Go(func() { c.answers() })
	defer answers.Wait()
	defer c.close()
	if c.message(raw, Message{Type: Startup}) {
		c.messages(from)
	}
}

func (c *connection) dial(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	dialer := net.Dialer{}
	server, err := dialer.DialContext(ctx, "tcp", c.proxy.server())
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		_ = server.Close()
		return false
	}
	c.server = server
	return true
}

// messages passes on what the client sends.
func (c *connection) messages(from *bufio.Reader) {
	statements := map[string]string{}
	for {
		raw, err := frame(from)
		if err != nil || !c.message(raw, parse(raw, statements)) {
			return
		}
	}
}

// message passes one message on, and reports whether the connection goes on.
func (c *connection) message(raw []byte, m Message) bool {
	switch c.proxy.decide(m) {
	case Cut:
		return false
	case Silence:
		c.lost.Store(true)
		return true
	case LoseAnswer:
		if m.Answered() {
			c.owed.Add(1)
		}
		c.muted.Store(true)
		if _, err := c.server.Write(raw); err != nil {
			return false
		}
		if !m.Answered() { // the server reads to the end, and then hangs up
			_ = c.server.(*net.TCPConn).CloseWrite()
		}
		select {
		case <-c.answered:
		case <-c.done:
		}
		return false
	default:
		if m.Answered() {
			c.owed.Add(1)
		}
		whole := c.halfway
		c.halfway = strings.IndexByte("PBDECH", m.Type) >= 0 && m.Type != Startup
		return c.pass(c.server, raw, whole)
	}
}

// answers passes on what the server sends.
func (c *connection) answers() {
	defer c.close()
	from := bufio.NewReader(c.server)
	for {
		raw, err := frame(from)
		if err != nil {
			return
		}
		if raw[0] == 'Z' && c.owed.Add(-1) == 0 && c.muted.Load() {
			c.answered <- struct{}{}
			return
		}
		if c.muted.Load() {
			continue
		}
		if !c.pass(c.client, raw, false) {
			return
		}
	}
}

// pass writes a message, unless it is to be swallowed, after the delay. It is
// written in any case where it belongs to the one before.
func (c *connection) pass(to io.Writer, raw []byte, whole bool) bool {
	delay, swallows := c.proxy.mood()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.done:
			return false
		}
		_, swallows = c.proxy.mood()
	}
	if c.lost.Load() || swallows && !whole {
		c.lost.Store(true)
		return true
	}
	_, err := to.Write(raw)
	return err == nil
}

// Package pgproxy is a TCP proxy before a Postgres server that understands
// where one message of the protocol ends and the next one begins. So it can cut
// a connection at a certain message, or lose the answer to a COMMIT that the
// server has executed.
package pgproxy

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"
)

// Verdict is what becomes of a message.
type Verdict int

const (
	// Pass passes the message on.
	Pass Verdict = iota
	// Cut closes the connection, and the server never gets the message.
	Cut
	// LoseAnswer passes the message on and closes the connection once the
	// server has done what it says. Nothing of the answer reaches the client.
	LoseAnswer
	// Silence loses the message and all that follows on its connection, in both
	// directions. Swallow(false) closes the connection.
	Silence
)

// Rule decides about each message of the clients. It may be called by several
// connections at once, and may take its time: its connection waits.
type Rule func(Message) Verdict

// Proxy accepts connections and passes on what is sent, but for the faults it
// is told to have.
type Proxy struct {
	listener net.Listener
	running  sync.WaitGroup

	mu          sync.Mutex
	target      string
	rule        Rule
	number      int
	delay       time.Duration
	swallows    bool
	closed      bool
	connections map[*connection]bool
}

// Listen starts a proxy on a free port, before the server at target, a
// host:port.
func Listen(ctx context.Context, target string) (*Proxy, error) {
	var c net.ListenConfig
	listener, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for clients of Postgres: %w", err)
	}
	p := &Proxy{listener: listener, target: target, connections: map[*connection]bool{}}
	p.running.Add(1)
	go p.accept(context.WithoutCancel(ctx))
	return p, nil
}

// Close ends all connections, and returns when nothing of the proxy is left.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.CutAll()
	p.running.Wait()
}

// Before is a database URL with the proxy's address in place of the server's.
func (p *Proxy) Before(database string) (string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", fmt.Errorf("reading a database URL: %w", err)
	}
	u.Host = p.listener.Addr().String()
	return u.String(), nil
}

// SetTarget has connections go to another server from now on. Those that are
// open stay: CutAll ends them.
func (p *Proxy) SetTarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// SetRule has a rule decide about each message from now on, and counts them
// anew. A nil rule passes everything.
func (p *Proxy) SetRule(r Rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rule, p.number = r, 0
}

// SetDelay holds each message for so long, in both directions.
func (p *Proxy) SetDelay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Swallow accepts connections and data and passes nothing on, in no direction,
// until it is called again with false. What a client sends at once, up to its
// Sync, is passed on as a whole or not at all, as it is most often one segment
// on a network. Connections of which something was lost
// are closed then, as their peers could no longer make sense of the rest.
func (p *Proxy) Swallow(on bool) {
	p.mu.Lock()
	p.swallows = on
	p.mu.Unlock()
	if !on {
		p.end(func(c *connection) bool { return c.lost.Load() })
	}
}

// CutAll closes all connections, and returns how many there were.
func (p *Proxy) CutAll() int {
	return p.end(func(*connection) bool { return true })
}

// Connections is the number of connections that are open.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.connections)
}

func (p *Proxy) end(which func(*connection) bool) (ended int) {
	p.mu.Lock()
	var all []*connection
	for c := range p.connections {
		if which(c) {
			all = append(all, c)
		}
	}
	p.mu.Unlock()
	for _, c := range all {
		c.close()
	}
	return len(all)
}

func (p *Proxy) accept(ctx context.Context) {
	defer p.running.Done()
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		c := &connection{proxy: p, client: client, done: make(chan struct{}), answered: make(chan struct{}, 1)}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			c.close()
			return
		}
		p.connections[c] = true
		p.running.Add(1)
		p.mu.Unlock()
		go func() {
			defer p.running.Done()
			c.run(ctx)
			p.mu.Lock()
			delete(p.connections, c)
			p.mu.Unlock()
		}()
	}
}

// decide numbers a message and asks the rule about it.
func (p *Proxy) decide(m Message) Verdict {
	p.mu.Lock()
	p.number++
	m.Number = p.number
	rule := p.rule
	p.mu.Unlock()
	if rule == nil {
		return Pass
	}
	return rule(m)
}

func (p *Proxy) mood() (delay time.Duration, swallows bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.delay, p.swallows
}

func (p *Proxy) server() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.target
}

package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"time"

	"litellm-reconciler/internal/bench/results"
)

// Program measures the program itself: its size, and how long it takes from its start until it asks Postgres something.
func (s *Site) Program(ctx context.Context, starts int) (results.Program, error) {
	info, err := os.Stat(s.Binary)
	if err != nil {
		return results.Program{}, fmt.Errorf("looking at the program: %w", err)
	}
	p := results.Program{Bytes: info.Size()}
	for range starts {
		took, err := s.firstStatement(ctx)
		if err != nil {
			return p, err
		}
		p.FirstStatement = append(p.FirstStatement, took.Seconds())
	}
	return p, nil
}

// firstStatement starts the program on a port that hands everything on to Postgres, and sees the statement pass.
func (s *Site) firstStatement(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	real, err := url.Parse(s.server.URL(s.still))
	if err != nil {
		return 0, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("listening in between: %w", err)
	}
	defer func() { _ = listener.Close() }()
	seen := make(chan time.Time, 1)
	go pass(ctx, listener, real.Host, seen)

	real.Host = listener.Addr().String()
	real.RawQuery = "sslmode=disable"
	began := time.Now()
	if _, err := s.run(ctx, s.Binary, environment(real.String()), "--once", "--dry-run"); err != nil {
		return 0, err
	}
	select {
	case at := <-seen:
		return at.Sub(began), nil
	default:
		return 0, errors.New("the program made no statement")
	}
}

// pass connects whoever comes to the server.
func pass(ctx context.Context, listener net.Listener, server string, seen chan<- time.Time) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return // closed
		}
		go func() {
			defer func() { _ = client.Close() }()
			var dialer net.Dialer
			to, err := dialer.DialContext(ctx, "tcp", server)
			if err != nil {
				return
			}
			defer func() { _ = to.Close() }()
			go func() {
				_, _ = io.Copy(client, to)
				_ = client.Close()
			}()
			watchFor(client, to, seen)
		}()
	}
}

// watchFor hands on what a client sends, up to the first statement by message and from there on blindly. The first
// message, which starts the session, is the only one without a type.
func watchFor(client io.Reader, server io.Writer, seen chan<- time.Time) {
	for first := true; ; first = false {
		head := make([]byte, 5)
		if first {
			head = head[:4]
		}
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		statement := !first && (head[0] == 'Q' || head[0] == 'P')
		if statement {
			select {
			case seen <- time.Now():
			default: // another connection was earlier
			}
		}
		rest := int64(binary.BigEndian.Uint32(head[len(head)-4:])) - 4
		if _, err := server.Write(head); err != nil || rest < 0 {
			return
		}
		if _, err := io.CopyN(server, client, rest); err != nil {
			return
		}
		if statement {
			_, _ = io.Copy(server, client)
			return
		}
	}
}

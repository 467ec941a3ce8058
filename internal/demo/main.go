// Command demo is a guided tour of litellm-reconciler. It starts a throwaway Postgres with LiteLLM's tables in the state
// of LiteLLM issue #27657, runs the program on it step by step, and shows and checks what LiteLLM would read after each.
package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
)

//go:embed scenario.sql
var scenarioSQL string

func main() {
	binary := flag.String("binary", "litellm-reconciler", "the program to run: a path, or a name that is on PATH")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)   // a second Ctrl-C does not wait for the server to stop
	signal.Ignore(syscall.SIGPIPE) // a pager that was quit must not keep the server from being stopped
	err := run(ctx, *binary, screen{os.Stdout, colourful(os.Stdout)})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run takes the tour on a server of its own, and leaves nothing behind however it ends.
func run(ctx context.Context, binary string, s screen) (err error) {
	server, err := pgtest.Start(ctx)
	if err != nil {
		return cause(ctx, err)
	}
	defer func() { err = errors.Join(err, server.Stop()) }() //nolint:contextcheck // it stops after an interruption too
	// The name is new each time, as TEST_DATABASE_URL may name a server that others use too.
	database, err := server.CreateDatabase(ctx, "litellm_demo_"+strings.ToLower(rand.Text()[:4]), pgtest.V1_83_14)
	if err == nil {
		err = guide(ctx, binary, database, s)
	}
	return cause(ctx, err)
}

// cause prefers an interruption to the errors that come from it.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// guide fills the database and takes the tour.
func guide(ctx context.Context, binary, database string, s screen) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return fmt.Errorf("connecting to the new database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, scenarioSQL); err != nil {
		return fmt.Errorf("filling LiteLLM's tables: %w", err)
	}
	shown, err := url.Parse(database)
	if err != nil {
		return err
	}
	s.intro(shown.Redacted())
	t := &tour{screen: s, conn: conn, binary: binary, database: database, want: map[string]string{}}
	return t.take(ctx)
}

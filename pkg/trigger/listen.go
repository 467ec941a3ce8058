package trigger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"litellm-reconciler/pkg/postgres"
)

const (
	// listenQuiet is how long nothing comes before the connection is tried.
	listenQuiet = 30 * time.Second
	// listenLimit bounds what the server is asked.
	listenLimit = 10 * time.Second
)

// errPooled is why there is no listening: what is set up in one session of the
// server is not seen in the next one that the pooler gives us.
var errPooled = errors.New("a connection pooler is in between: " +
	"set database.direct_url (DIRECT_URL) to the address of Postgres itself to hear of changes at once")

// Listener hears what is notified in Postgres, on a connection of its own. It
// makes things faster and nothing right: notifications can be lost, so whoever
// it wakes has to look by themselves now and then.
type Listener struct {
	Database *pgx.ConnConfig
	// Wake is who is woken, by channel. Nobody is waited for, so the channels
	// should have room for one.
	Wake map[string]chan<- struct{}
	Log  *slog.Logger

	quiet time.Duration // instead of listenQuiet, for tests
}

// Run listens until ctx is done. It connects again when the connection is lost.
func (l Listener) Run(ctx context.Context) {
	last := ""
	for wait := firstRetry; ctx.Err() == nil; wait = min(2*wait, maxRetry) {
		began := time.Now()
		err := postgres.Explain(l.listen(ctx))
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > maxRetry {
			wait, last = firstRetry, ""
		}
		if err.Error() != last { // once, and not with every try
			l.Log.WarnContext(ctx, "not told of changes: they are looked for now and then", "reason", err)
			last = err.Error()
		}
		if errors.Is(err, errPooled) {
			wait = maxRetry
		}
		timer := time.NewTimer(scale(wait, 0.5+0.5*rand.Float64())) //nolint:gosec // jitter needs no secrecy
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// listen returns why it ended.
func (l Listener) listen(ctx context.Context) error {
	conn, err := l.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // the session ends in any case
	l.Log.InfoContext(ctx, "told of changes at once")
	for _, wake := range l.Wake { // for what came before
		Rouse(wake)
	}
	for {
		n, err := l.next(ctx, conn)
		switch {
		case err != nil:
			return err
		case n == nil:
		case l.Wake[n.Channel] != nil:
			Rouse(l.Wake[n.Channel])
		}
	}
}

// connect returns a connection that listens.
func (l Listener) connect(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, listenLimit)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, l.Database)
	if err != nil {
		return nil, err
	}
	if err := l.subscribe(ctx, conn); err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

func (l Listener) subscribe(ctx context.Context, conn *pgx.Conn) error {
	var pid uint32
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&pid); err != nil {
		return fmt.Errorf("asking for the session: %w", err)
	}
	if pid != conn.PgConn().PID() { // a pooler makes up a number
		return errPooled
	}
	var statements strings.Builder
	for channel := range l.Wake {
		statements.WriteString("LISTEN " + postgres.Quote(channel) + ";")
	}
	if err := conn.PgConn().Exec(ctx, statements.String()).Close(); err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	return nil
}

// next waits for a notification. It returns none when nothing came for a while
// and the server still answers.
func (l Listener) next(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	patience := cmp.Or(l.quiet, listenQuiet)
	quiet, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	n, err := conn.WaitForNotification(quiet)
	if err == nil || quiet.Err() == nil || ctx.Err() != nil {
		return n, err
	}
	ctx, stop := context.WithTimeout(ctx, min(patience, listenLimit))
	defer stop()
	return nil, conn.Ping(ctx)
}

// Rouse wakes whoever receives from a channel that has room for one.
func Rouse(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default: // it is awake, or will be
	}
}

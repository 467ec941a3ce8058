package trigger

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/faults/pgproxy"
	"litellm-reconciler/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// ear is a listener that runs until the test ends.
type ear struct {
	woken chan struct{}

	mu  sync.Mutex
	log bytes.Buffer
}

func (e *ear) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.log.Write(p)
}

func (e *ear) said() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.log.String()
}

func listen(t *testing.T, url string) *ear {
	t.Helper()
	return listenFor(t, url, 0)
}

// listenFor has the connection tried when nothing came for so long.
func listenFor(t *testing.T, url string, quiet time.Duration) *ear {
	t.Helper()
	e := &ear{woken: make(chan struct{}, 1)}
	database, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		Listener{
			Database: database,
			Wake:     map[string]chan<- struct{}{`news of "all"`: e.woken, "others": make(chan struct{}, 1)},
			Log:      slog.New(slog.NewTextHandler(e, nil)),
			quiet:    quiet,
		}.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return e
}

func (e *ear) wantWoken(t *testing.T) {
	t.Helper()
	select {
	case <-e.woken:
	case <-time.After(20 * time.Second):
		t.Fatalf("nobody was woken: %s", e.said())
	}
}

func (e *ear) wantAsleep(t *testing.T) {
	t.Helper()
	select {
	case <-e.woken:
		t.Error("woken for nothing")
	case <-time.After(100 * time.Millisecond):
	}
}

func TestANotificationWakesWhoeverListens(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	e := listen(t, d.URL)
	e.wantWoken(t) // for what came before
	e.wantAsleep(t)
	for range 3 {
		d.Exec(t, `NOTIFY "news of ""all"""`)
		e.wantWoken(t)
	}
	d.Exec(t, `NOTIFY others`)
	e.wantAsleep(t)
}

func TestAListenerConnectsAgainAndWakesForWhatItMayHaveMissed(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	e := listen(t, d.URL)
	e.wantWoken(t)
	d.Exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`)
	e.wantWoken(t)
	d.Exec(t, `NOTIFY "news of ""all"""`)
	e.wantWoken(t)
	if said := e.said(); strings.Count(said, "not told of changes") != 1 {
		t.Error(said)
	}
}

// A pooler in transaction mode takes LISTEN, and then hands the session to somebody else.
func TestThroughAPoolerNobodyListens(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	url := d.Pooled(t, "transaction")
	for range 3 { // one after the other, in the same session: a named statement of the first would be in the way
		e := listen(t, url)
		for deadline := time.Now().Add(20 * time.Second); !strings.Contains(e.said(), "DIRECT_URL"); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("it does not say what to do: %s", e.said())
			}
		}
		e.wantAsleep(t)
		if strings.Count(e.said(), "\n") != 1 {
			t.Errorf("said more than once: %s", e.said())
		}
	}
	if n := pgtest.Scalar[int](t, d, `SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`); n != 0 {
		t.Errorf("%d sessions were left listening", n)
	}
}

// A network that swallows everything closes no connection.
func TestAConnectionThatFellSilentIsNotListenedToForEver(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	proxy, err := pgproxy.Listen(t.Context(), net.JoinHostPort(d.Pool.Config().ConnConfig.Host, strconv.Itoa(int(d.Pool.Config().ConnConfig.Port))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	url, err := proxy.Before(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	tried := make(chan struct{}, 1)
	proxy.SetRule(func(m pgproxy.Message) pgproxy.Verdict {
		if strings.Contains(m.SQL, "ping") {
			Rouse(tried)
		}
		return pgproxy.Pass
	})
	e := listenFor(t, url, time.Second)
	e.wantWoken(t)
	for range 2 { // nothing comes, and the server answers when it is asked
		select {
		case <-tried:
		case <-time.After(20 * time.Second):
			t.Fatal("the connection is not tried")
		}
	}
	d.Exec(t, `NOTIFY "news of ""all"""`)
	e.wantWoken(t)
	if said := e.said(); strings.Count(said, "\n") != 1 {
		t.Errorf("it did not keep the connection: %s", said)
	}
	proxy.Swallow(true)
	for !strings.Contains(e.said(), "not told of changes") {
		time.Sleep(10 * time.Millisecond)
	}
	proxy.Swallow(false)
	e.wantWoken(t)
	d.Exec(t, `NOTIFY "news of ""all"""`)
	e.wantWoken(t)
}

func TestAListenerWhoseDatabaseIsAwaySaysSoOnce(t *testing.T) {
	t.Parallel()
	e := listen(t, "postgresql://nobody:hunter2@127.0.0.1:1/nothing")
	time.Sleep(2500 * time.Millisecond) // two tries
	if said := e.said(); strings.Count(said, "not told of changes") != 1 || strings.Contains(said, "hunter2") {
		t.Error(said)
	}
}

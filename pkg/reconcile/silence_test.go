package reconcile_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"litellm-reconciler/internal/faults/pgproxy"
	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/reconcile"
)

// A leader that lost its lease, as the server does not answer, is to follow.
func TestAScanWhoseEndIsNotAnsweredEndsSoonOnceItIsStopped(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_88)
	server := b.pool.Config().ConnConfig
	proxy, err := pgproxy.Listen(t.Context(), net.JoinHostPort(server.Host, strconv.Itoa(int(server.Port))))
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	url, err := proxy.Before(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	if b.pool, err = postgres.Open(t.Context(), url, 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.pool.Close) // once nothing is swallowed any more
	ctx, stop := context.WithCancel(t.Context())
	var stopped time.Time
	began := false
	proxy.SetRule(func(m pgproxy.Message) pgproxy.Verdict {
		began = began || strings.Contains(m.SQL, "REPEATABLE READ")
		if !began || !strings.EqualFold(m.SQL, "commit") {
			return pgproxy.Pass
		}
		stopped = time.Now()
		stop()
		return pgproxy.Silence
	})

	_, err = b.passContext(ctx, reconcile.Options{DryRun: true})

	if took := time.Since(stopped); err == nil || took > 10*time.Second {
		t.Errorf("it ended after %s, with %v", took, err)
	}
}

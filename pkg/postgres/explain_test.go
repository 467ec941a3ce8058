package postgres_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
)

const secret = "not-to-be-seen"

func TestExplainNamesCauseAndRemedyOfAFailedConnection(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	withPassword := func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), secret) }
	for name, c := range map[string]struct {
		url  string
		want []string
	}{
		"wrong password": {
			edit(t, d.URL, withPassword),
			[]string{"refuses user", "check user and password of the database URL", "password authentication failed"},
		},
		"no such user": {
			edit(t, d.URL, func(u *url.URL) { u.User = url.UserPassword("nobody", secret) }),
			[]string{`refuses user "nobody"`, "check user and password"},
		},
		"no such database": {
			edit(t, d.URL, func(u *url.URL) { u.Path = "/elsewhere" }),
			[]string{`has no database "elsewhere"`, "check the name in the database URL"},
		},
		"refused connection": {
			edit(t, d.URL, withPassword, func(u *url.URL) { u.Host = freeAddress(t) }),
			[]string{"cannot reach Postgres at 127.0.0.1:", "check that it runs", "host, port", "connection refused"},
		},
		"no such socket": {
			"postgresql://someone:" + secret + "@/some?host=/nowhere/at/all",
			[]string{"cannot reach Postgres at socket directory /nowhere/at/all", "no such file"},
		},
		"TLS where the server has none": {
			edit(t, d.URL, func(u *url.URL) { u.RawQuery = "sslmode=require" }),
			[]string{"TLS mode", "server refused TLS connection"},
		},
		"no connection slot free": {
			d.Role(t, "crowd", `ALTER ROLE {role} CONNECTION LIMIT 0`),
			[]string{"no connection slot free", "lower database.max_connections", "too many connections for role"},
		},
		"no right to connect": {
			pgtest.Empty(t).Role(t, "outsider", `REVOKE CONNECT ON DATABASE {database} FROM PUBLIC`),
			[]string{"cannot connect to Postgres at", "permission denied for database"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(t, c.url).Exec(t.Context(), "SELECT 1")
			if err == nil {
				t.Fatal("it connected")
			}
			explained := postgres.Explain(fmt.Errorf("reading teams: %w", err))
			saysInOneLine(t, explained, c.want...)
			if !errors.Is(explained, err) {
				t.Error("the cause is lost")
			}
			if !postgres.Systemic(explained) || postgres.Transient(explained) {
				t.Error("no other transaction would fare better, but it is not systemic")
			}
		})
	}
}

func TestExplainSaysThatTheServerTakesNoWrites(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	pool := open(t, d.Role(t, "reader", `ALTER ROLE {role} SET default_transaction_read_only = on`, `GRANT CREATE ON SCHEMA public TO {role}`))
	_, err := pool.Exec(t.Context(), `CREATE TABLE public.t ()`)
	if !postgres.Systemic(err) {
		t.Fatalf("not recognised: %v", err)
	}
	saysInOneLine(t, postgres.Explain(err), "takes no writes", "default_transaction_read_only", "connect to the primary")
}

func TestExplainLeavesOtherErrorsButMakesThemOneLine(t *testing.T) {
	t.Parallel()
	if err := postgres.Explain(nil); err != nil {
		t.Errorf("nil became %v", err)
	}
	plain := errors.New("reading teams: no")
	if err := postgres.Explain(plain); err != plain { //nolint:errorlint // the very same
		t.Errorf("got %v", err)
	}
	joined := errors.Join(plain, errors.New("closing:\r\n\tno"))
	if err := postgres.Explain(joined); err.Error() != "reading teams: no closing: no" || !errors.Is(err, plain) {
		t.Errorf("got %v", err)
	}
}

func TestOpenConnectsLazilyAndNeverShowsThePassword(t *testing.T) {
	t.Parallel()
	open(t, "postgresql://someone:"+secret+"@"+freeAddress(t)+"/some")
	_, err := postgres.Open(t.Context(), "postgresql://someone:"+secret+"@host:port/some", 1)
	if err == nil {
		t.Fatal("a port that is no number was accepted")
	}
	saysInOneLine(t, postgres.Explain(err), "parsing the database URL")
}

func edit(t *testing.T, dsn string, changes ...func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		change(u)
	}
	return u.String()
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func saysInOneLine(t *testing.T, err error, parts ...string) {
	t.Helper()
	text := err.Error()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
	for _, part := range []string{"\n", secret} {
		if strings.Contains(text, part) {
			t.Errorf("%q contains %q", text, part)
		}
	}
}

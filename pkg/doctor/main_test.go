package doctor_test

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/config"
	"litellm-reconciler/pkg/doctor"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// env is the configuration, as variables.
type env map[string]string

// with adds pairs of a variable of this program, without its prefix, and a value.
func with(url string, pairs ...string) env {
	e := env{"DATABASE_URL": url}
	for pair := range slices.Chunk(pairs, 2) {
		name := "LITELLM_RECONCILER_" + pair[0]
		if pair[0] == "DIRECT_URL" {
			name = pair[0]
		}
		e[name] = pair[1]
	}
	return e
}

// subject puts together what the command does.
func subject(t *testing.T, e env, p doctor.Purpose) doctor.Subject {
	t.Helper()
	getenv := func(name string) string { return e[name] }
	loaded, err := config.Load(nil, getenv, "")
	if err != nil {
		t.Fatal(err)
	}
	valid, err := loaded.Validate(getenv)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := postgres.Open(t.Context(), valid.Database.DSN, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	migrator, err := ledger.NewMigrator(pool, postgres.Names{LiteLLM: valid.Database.Schema, Ledger: valid.Ledger.Schema})
	if err != nil {
		t.Fatal(err)
	}
	return doctor.Subject{Config: valid, Purpose: p, Pool: pool, Migrator: migrator, Patience: 20 * time.Second}
}

func examine(t *testing.T, e env, p doctor.Purpose) doctor.Report {
	t.Helper()
	s := subject(t, e, p)
	defer s.Pool.Close() // the next one would find its session
	return doctor.Examine(t.Context(), s)
}

// install installs the ledger as the superuser.
func install(t *testing.T, db *pgtest.Database) {
	t.Helper()
	s := subject(t, with(db.URL), doctor.Daemon)
	defer s.Pool.Close()
	if err := s.Migrator.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// lines are the findings of a check as the command shows them.
func lines(r doctor.Report, name string) (all []string) {
	for _, c := range r.Checks {
		if c.Name == name {
			all = append(all, strings.TrimSuffix(string(c.Status)+" "+c.Detail+": "+c.Remedy, ": "))
		}
	}
	return all
}

// want wants the only finding of a check to begin with the status, and to hold
// the texts.
func want(t *testing.T, r doctor.Report, name string, status doctor.Status, texts ...string) {
	t.Helper()
	found := lines(r, name)
	if len(found) != 1 || !strings.HasPrefix(found[0], string(status)+" ") {
		t.Errorf("%s: %q, want one that is %s", name, found, status)
		return
	}
	for _, text := range texts {
		if !strings.Contains(found[0], text) {
			t.Errorf("%s: no %q in %q", name, text, found[0])
		}
	}
}

// wantOnly wants no other check than these to be worse than ok.
func wantOnly(t *testing.T, r doctor.Report, names ...string) {
	t.Helper()
	for _, c := range r.Checks {
		if c.Status != doctor.OK && !slices.Contains(names, c.Name) {
			t.Errorf("%s is %s: %s", c.Name, c.Status, c.Detail)
		}
	}
}

// silent is the address of a server that takes connections and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// misspelt is the URL with another password.
func misspelt(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), "hunter2")
	return u.String()
}

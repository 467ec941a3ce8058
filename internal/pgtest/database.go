package pgtest

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Database is a database of one test. It is dropped when the test ends.
type Database struct {
	Name   string
	URL    string        // of the superuser, over TCP, with a password
	Schema string        // of LiteLLM's tables
	Pool   *pgxpool.Pool // of the superuser; closed when the test ends

	server *Server
	roles  []string
}

// New returns a database with LiteLLM's tables on the shared server.
func New(tb testing.TB, v Version, options ...Option) *Database {
	tb.Helper()
	return Shared(tb).New(tb, v, options...)
}

// Empty returns a database with nothing in it on the shared server.
func Empty(tb testing.TB) *Database {
	tb.Helper()
	s := Shared(tb)
	name := s.newName()
	if err := s.createEmpty(tb.Context(), name); err != nil {
		tb.Fatal(err)
	}
	return s.open(tb, name, "public")
}

// Own starts a server that a test may stop or set up anew. It is removed with the test.
func Own(tb testing.TB) *Server {
	tb.Helper()
	s, err := Start(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// New returns a database with LiteLLM's tables on this server, for tests that need a server of their own.
func (s *Server) New(tb testing.TB, v Version, options ...Option) *Database {
	tb.Helper()
	l, name := newLayout(v, options), s.newName()
	if err := s.clone(tb.Context(), name, l); err != nil {
		tb.Fatal(err)
	}
	return s.open(tb, name, l.schema)
}

// open wraps a database that was just created, and has it dropped when the test ends.
func (s *Server) open(tb testing.TB, name, schema string) *Database {
	tb.Helper()
	d := &Database{Name: name, URL: s.URL(name), Schema: schema, server: s}
	tb.Cleanup(func() {
		if d.Pool != nil {
			d.Pool.Close()
		}
		if s.external == nil && s.process == nil {
			return // the test stopped its server, and the data goes with it
		}
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		if err := s.drop(ctx, d.Name, d.roles...); err != nil {
			tb.Errorf("dropping database %s: %v", d.Name, err)
		}
	})
	config, err := pgxpool.ParseConfig(d.URL)
	if err != nil {
		tb.Fatal(err)
	}
	config.MaxConns = 4
	config.HealthCheckPeriod = time.Hour // it only costs here
	if d.Pool, err = pgxpool.NewWithConfig(tb.Context(), config); err != nil {
		tb.Fatal(err)
	}
	return d
}

// Role creates a role that may log in, executes the grants, and returns the role's URL. In the grants {role},
// {schema} and {database} stand for the quoted names. The role is dropped with the database.
func (d *Database) Role(tb testing.TB, name string, grants ...string) string {
	tb.Helper()
	role := d.Name + "_" + name // roles belong to the whole server
	d.Exec(tb, "CREATE ROLE "+quote(role)+" LOGIN PASSWORD '"+password+"'")
	d.roles = append(d.roles, role)
	names := strings.NewReplacer("{role}", quote(role), "{database}", quote(d.Name))
	for _, grant := range grants {
		d.Exec(tb, names.Replace(grant))
	}
	u, err := url.Parse(d.URL)
	if err != nil {
		tb.Fatal(err)
	}
	u.User = url.UserPassword(role, password)
	return u.String()
}

// Exec executes a statement in which {schema} stands for the quoted name of LiteLLM's schema.
func (d *Database) Exec(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	if _, err := d.Pool.Exec(tb.Context(), inSchema(sql, d.Schema), args...); err != nil {
		tb.Fatalf("%v, executing %s", err, sql)
	}
}

// Scalar returns the one value that a query gives. In the query {schema} stands for the quoted name of LiteLLM's schema.
func Scalar[T any](tb testing.TB, d *Database, sql string, args ...any) T {
	tb.Helper()
	var value T
	if err := d.Pool.QueryRow(tb.Context(), inSchema(sql, d.Schema), args...).Scan(&value); err != nil {
		tb.Fatalf("%v, querying %s", err, sql)
	}
	return value
}

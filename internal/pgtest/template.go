package pgtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
)

// layout is what distinguishes one template from another.
type layout struct {
	version Version
	schema  string // of LiteLLM's tables
}

// template is a database that others are cloned from. Its mutex serialises the clones: Postgres refuses to clone a
// database that somebody is connected to, and the one who builds it is.
type template struct {
	mu   sync.Mutex
	name string // empty until built
}

// Option changes what a database looks like.
type Option func(*layout)

// InSchema puts LiteLLM's tables into another schema than public.
func InSchema(name string) Option {
	return func(l *layout) { l.schema = name }
}

func newLayout(v Version, options []Option) layout {
	l := layout{version: v, schema: "public"}
	for _, option := range options {
		option(&l)
	}
	return l
}

// CreateDatabase creates a database with LiteLLM's tables and returns its URL. It lives as long as the server.
func (s *Server) CreateDatabase(ctx context.Context, name string, v Version, options ...Option) (string, error) {
	if err := s.clone(ctx, name, newLayout(v, options)); err != nil {
		return "", err
	}
	s.remember(name)
	return s.URL(name), nil
}

// clone creates a database as a copy of the template of its layout, which it builds if it is the first to want it.
func (s *Server) clone(ctx context.Context, name string, l layout) error {
	s.mu.Lock()
	t := s.templates[l]
	if t == nil {
		t = &template{}
		s.templates[l] = t
	}
	s.mu.Unlock()

	t.mu.Lock()
	defer t.mu.Unlock()
	if t.name == "" {
		built, err := s.build(ctx, l)
		if err != nil {
			return fmt.Errorf("building the template of LiteLLM %s: %w", l.version, err)
		}
		t.name = built
	}
	if err := s.exec(ctx, s.home(), "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(t.name)); err != nil {
		return fmt.Errorf("creating database %s: %w", name, err)
	}
	return nil
}

// build creates the template of a layout and returns its name.
func (s *Server) build(ctx context.Context, l layout) (string, error) {
	statements, err := schemaSQL(l.version, l.schema)
	if err != nil {
		return "", err
	}
	name := s.newName()
	if err := s.createEmpty(ctx, name); err != nil {
		return "", err
	}
	s.remember(name)
	return name, s.exec(ctx, name, statements)
}

// createEmpty creates a database with nothing in it. From template0, as somebody may be connected to template1.
func (s *Server) createEmpty(ctx context.Context, name string) error {
	return s.exec(ctx, s.home(), "CREATE DATABASE "+quote(name)+" TEMPLATE template0")
}

// drop drops a database and whoever is still connected to it, then the roles that had rights in it.
func (s *Server) drop(ctx context.Context, database string, roles ...string) error {
	statements := []string{"DROP DATABASE IF EXISTS " + quote(database) + " WITH (FORCE)"}
	for _, role := range roles {
		statements = append(statements, "DROP ROLE IF EXISTS "+quote(role))
	}
	return s.exec(ctx, s.home(), statements...)
}

// dropCreated drops the templates and the databases of CreateDatabase.
func (s *Server) dropCreated(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var failed []error
	for _, name := range slices.Backward(s.created) {
		failed = append(failed, s.drop(ctx, name))
	}
	s.created = nil
	return errors.Join(failed...)
}

func (s *Server) remember(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.created = append(s.created, name)
}

// newName returns a database name that nothing else on the server has.
func (s *Server) newName() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return fmt.Sprintf("%s_%d", s.prefix, s.serial)
}

func quote(identifier ...string) string {
	return pgx.Identifier(identifier).Sanitize()
}

// Package pgtest runs a throwaway Postgres for tests and for the demo, with LiteLLM's tables as several of its versions
// have them. A test package calls Main from its TestMain, and New in each test: the server starts with the first New, and
// every test gets a database of its own.
package pgtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	password     = "pgtest" // of the superuser and of every role, over TCP
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
	portAttempts = 5
)

// ErrNotOurs is returned by StopPostgres and StartPostgres for a server that TEST_DATABASE_URL names.
var ErrNotOurs = errors.New("the server of TEST_DATABASE_URL is not ours to stop")

// Server is a Postgres server, either started by this package or named by TEST_DATABASE_URL.
type Server struct {
	external *url.URL // set: the server of TEST_DATABASE_URL; the fields of our own server are unset
	dir      *directory
	binaries string
	account  account
	port     int
	settings []string
	process  *process // nil: stopped

	prefix string // of the names of everything created, as several processes may share an external server

	mu        sync.Mutex
	templates map[layout]*template
	created   []string // databases that Stop drops from an external server
	serial    int
}

// forgetful are settings for data that nobody misses.
var forgetful = []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=128MB", "max_wal_size=256MB"}

// Start starts a Postgres on a free port, or takes the server that TEST_DATABASE_URL names.
func Start(ctx context.Context) (*Server, error) {
	return start(ctx, newDirectory, forgetful)
}

// start creates the data directory and its server, unless one is named.
func start(ctx context.Context, create func() (*directory, error), settings []string) (*Server, error) {
	s := &Server{prefix: "pgtest_" + strings.ToLower(rand.Text()[:8]), templates: map[layout]*template{}, settings: settings}
	if given := os.Getenv("TEST_DATABASE_URL"); given != "" {
		parsed, err := url.Parse(given)
		if err != nil || parsed.Host == "" {
			return nil, errors.New("reading TEST_DATABASE_URL: it is not of the form postgresql://user:password@host:port/database")
		}
		s.external = parsed
		return s, nil
	}
	var err error
	if s.binaries, err = findBinaries(); err != nil {
		return nil, err
	}
	if s.account, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.dir, err = create(); err != nil {
		return nil, err
	}
	if err := s.initialise(ctx); err != nil {
		return nil, errors.Join(err, s.dir.remove())
	}
	return s, nil
}

// initialise creates the data directory and starts Postgres for the first time.
func (s *Server) initialise(ctx context.Context) error {
	secret := filepath.Join(s.dir.path, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return fmt.Errorf("writing the password file: %w", err)
	}
	for _, path := range []string{secret, s.dir.path} {
		if err := s.account.own(path); err != nil {
			return fmt.Errorf("handing the directory to the user Postgres runs as: %w", err)
		}
	}
	initdb := s.account.command(ctx, s.dir.path, filepath.Join(s.binaries, "initdb"), "--pgdata", s.dataDir(), "--username", "postgres",
		"--pwfile", secret, "--auth-local", "trust", "--auth-host", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync")
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("running initdb: %w: %s", err, lastLine(output))
	}
	// A free port can be taken by somebody else before Postgres binds it.
	for attempt := 1; ; attempt++ {
		var err error
		if s.port, err = freePort(ctx); err != nil {
			return fmt.Errorf("finding a free port: %w", err)
		}
		if err = s.StartPostgres(ctx); err == nil || attempt == portAttempts || ctx.Err() != nil {
			return err
		}
	}
}

// StartPostgres starts the server again after StopPostgres, on the same port and data.
func (s *Server) StartPostgres(ctx context.Context) error {
	if s.external != nil {
		return ErrNotOurs
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	log, err := os.Create(s.logFile())
	if err != nil {
		return fmt.Errorf("creating the log of Postgres: %w", err)
	}
	defer func() { _ = log.Close() }()

	args := []string{"-D", s.dataDir(), "-k", s.dir.path, "-h", "127.0.0.1", "-p", strconv.Itoa(s.port)}
	for _, setting := range append([]string{"max_connections=200", "timezone=UTC", "log_timezone=UTC"}, s.settings...) {
		args = append(args, "-c", setting)
	}
	// The server lives longer than the context of its start.
	cmd := s.account.command(context.WithoutCancel(ctx), s.dir.path, filepath.Join(s.binaries, "postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	running, err := fork(cmd)
	if err != nil {
		return fmt.Errorf("starting postgres: %w", err)
	}
	s.process = running
	if err := s.waitReady(ctx); err != nil {
		return errors.Join(err, s.StopPostgres())
	}
	return nil
}

// waitReady waits until Postgres answers on its socket. The socket and not the port: after a port race somebody else's
// server may answer on the port.
func (s *Server) waitReady(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := s.connect(ctx, "postgres")
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.process.exited:
			output, _ := os.ReadFile(s.logFile())
			return fmt.Errorf("starting postgres: %w: %s", s.process.err, lastLine(output))
		case <-ctx.Done():
			return fmt.Errorf("waiting for postgres to accept connections: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// StopPostgres stops the server but keeps its data, for tests of a database that is away.
func (s *Server) StopPostgres() error {
	if s.external != nil {
		return ErrNotOurs
	}
	if s.process == nil {
		return nil
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} { // fast, then immediate
		if err := s.process.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stopping postgres: %w", err)
		}
		select {
		case <-s.process.exited:
			s.process = nil
			return nil
		case <-time.After(stopTimeout):
		}
	}
	return fmt.Errorf("stopping postgres: process %d is still there", s.process.cmd.Process.Pid)
}

// Stop stops the server and removes its directory. From an external server it drops what was created.
func (s *Server) Stop() error {
	if s.external != nil {
		return s.dropCreated(context.Background())
	}
	return errors.Join(s.StopPostgres(), s.dir.remove())
}

// URL is the superuser's connection string for a database, over TCP and with a password.
func (s *Server) URL(database string) string {
	if s.external != nil {
		u := *s.external
		u.Path = "/" + database
		return u.String()
	}
	u := url.URL{
		Scheme: "postgresql", User: url.UserPassword("postgres", password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// connect opens a superuser connection, over the socket where there is one.
func (s *Server) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(s.URL(database))
	if err != nil {
		return nil, err
	}
	if s.external == nil {
		config.Host = s.dir.path
	}
	return pgx.ConnectConfig(ctx, config)
}

// exec runs statements as superuser, one after the other, each in its own transaction.
func (s *Server) exec(ctx context.Context, database string, statements ...string) error {
	conn, err := s.connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// home is the database for statements that concern no database in particular.
func (s *Server) home() string {
	if s.external != nil {
		return strings.TrimPrefix(s.external.Path, "/")
	}
	return "postgres"
}

func (s *Server) dataDir() string { return filepath.Join(s.dir.path, "data") }
func (s *Server) logFile() string { return filepath.Join(s.dir.path, "log") }

func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func lastLine(output []byte) string {
	output = bytes.TrimSpace(output)
	return string(output[bytes.LastIndexByte(output, '\n')+1:])
}

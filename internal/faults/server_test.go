//go:build faults

package faults_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
)

// ask asks a server for one text.
func ask(t *testing.T, database, query string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var text string
	if err := conn.QueryRow(t.Context(), query).Scan(&text); err != nil {
		t.Fatalf("%v, asking %s", err, query)
	}
	return text
}

// stopFast ends all sessions and shuts the server down.
func stopFast(t *testing.T, server *pgtest.Server) {
	t.Helper()
	if err := server.StopPostgres(); errors.Is(err, pgtest.ErrNotOurs) {
		t.Skip(err)
	} else if err != nil {
		t.Error(err)
	}
}

// stopAtOnce ends the server as a crash would: it recovers when it starts.
func stopAtOnce(t *testing.T, server *pgtest.Server) {
	t.Helper()
	if os.Getenv("TEST_DATABASE_URL") != "" {
		t.Skip(pgtest.ErrNotOurs)
	}
	data := ask(t, server.URL("postgres"), "SHOW data_directory")
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGQUIT)
	}
	if err != nil {
		t.Fatal(err)
	}
	stopFast(t, server) // it ends already
}

func startAgain(t *testing.T, server *pgtest.Server, db *pgtest.Database) {
	t.Helper()
	if err := server.StartPostgres(t.Context()); err != nil {
		t.Fatal(err)
	}
	db.Pool.Reset() // its connections are dead
}

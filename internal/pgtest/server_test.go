package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
)

func TestStoppedServerIsAwayAndComesBackWithItsData(t *testing.T) {
	t.Parallel()
	s := own(t)
	d := s.New(t, pgtest.V1_88)
	d.Team(t, "kept")
	if err := s.StopPostgres(); err != nil {
		t.Fatal(err)
	}
	if conn, err := pgx.Connect(t.Context(), d.URL); err == nil {
		_ = conn.Close(t.Context())
		t.Fatal("a stopped server accepted a connection")
	}
	if err := s.StartPostgres(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, d.URL)
	var teams int
	if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM "LiteLLM_TeamTable"`).Scan(&teams); err != nil || teams != 1 {
		t.Errorf("got %d teams and error %v after a restart, want 1", teams, err)
	}
}

func TestCreateDatabaseServesProgramsThatAreNoTests(t *testing.T) {
	t.Parallel()
	s := own(t)
	url, err := s.CreateDatabase(t.Context(), "demo", pgtest.Newest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, url).Exec(t.Context(), `SELECT * FROM public."LiteLLM_TeamTable"`); err != nil {
		t.Error(err)
	}
	if _, err := s.CreateDatabase(t.Context(), "other", "0.1"); err == nil {
		t.Error("an unknown version was accepted")
	}
}

func TestDurableServerWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	skipIfExternal(t)
	s, err := pgtest.StartDurable(t.Context(), "shared_buffers=16MB")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	conn := connect(t, s.URL("postgres"))
	for name, want := range map[string]string{"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "16MB"} {
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q and error %v, want %q", name, got, err, want)
		}
	}
}

func TestPostgresEndsWithAKilledProcess(t *testing.T) {
	t.Parallel()
	if os.Getenv("PGTEST_KILL_ME") != "" {
		s := own(t)
		fmt.Println("URL", s.URL("postgres"))
		select {} // until killed
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux signals a child when its parent dies")
	}
	skipIfExternal(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "PGTEST_KILL_ME=1")
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var url string
	if _, err := fmt.Fscanf(output, "URL %s\n", &url); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, url)
	var directory string
	if err := conn.QueryRow(t.Context(), `SHOW unix_socket_directories`).Scan(&directory); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !strings.Contains(directory, "pgtest-") {
			t.Fatalf("not a directory of ours: %s", directory)
		}
		if err := os.RemoveAll(directory); err != nil {
			t.Error(err)
		}
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it reports the kill
	// The end of the server ends the connection.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := conn.Exec(ctx, `SELECT pg_sleep(60)`); err == nil || ctx.Err() != nil {
		t.Errorf("Postgres outlived the process that started it: %v", err)
	}
}

// Not parallel, as it sets the environment: parallel tests start after it.
func TestExternalServerIsUsedAndLeftAsItWas(t *testing.T) {
	conn := connect(t, own(t).URL("postgres"))
	databases := func() (n int) {
		if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_database`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := databases()
	t.Setenv("TEST_DATABASE_URL", conn.Config().ConnString())
	external, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	url, err := external.CreateDatabase(t.Context(), "demo", pgtest.V1_81_12)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, url).Exec(t.Context(), `SELECT * FROM "LiteLLM_TeamTable"`); err != nil {
		t.Error(err)
	}
	if err := external.StopPostgres(); !errors.Is(err, pgtest.ErrNotOurs) {
		t.Errorf("stopping an external server: %v, want %v", err, pgtest.ErrNotOurs)
	}
	if err := external.Stop(); err != nil {
		t.Error(err)
	}
	if after := databases(); after != before {
		t.Errorf("%d databases before, %d after", before, after)
	}
}

func TestUnreadableExternalURLIsAnErrorWithoutItsPassword(t *testing.T) {
	t.Setenv("TEST_DATABASE_URL", "host=localhost password=secret")
	if _, err := pgtest.Start(t.Context()); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func skipIfExternal(t *testing.T) {
	t.Helper()
	if os.Getenv("TEST_DATABASE_URL") != "" {
		t.Skip("needs a server of its own")
	}
}

// own starts a server that no other test uses.
func own(t *testing.T) *pgtest.Server {
	t.Helper()
	skipIfExternal(t)
	s, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

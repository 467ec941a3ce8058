package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/cli"
)

// It also sees that no tour leaves its server behind.
func TestMain(m *testing.M) {
	// Linked into the tests as well, or their cached result would outlive a
	// change of the program that they build.
	runtime.KeepAlive(cli.Run)
	pgtest.Main(m)
}

func TestTourSucceedsAndTellsTheStory(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "litellm-reconciler")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "litellm-reconciler/cmd/litellm-reconciler")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v: %s", err, output)
	}
	var output bytes.Buffer
	if err := run(t.Context(), binary, screen{&output, false}); err != nil {
		t.Fatalf("%v, after printing\n%s", err, &output)
	}
	for _, want := range []string{
		"issue #27657", "1. The fault", "nothing (403)", "$ litellm-reconciler --once --dry-run", "43 of 281 teams with access groups drifted, nothing written: this is a dry run",
		"Repaired 43 of 43 drifted teams", "\nIn sync: 281 teams", "xmin", "> research      row-of-research", "Every team is as it was before", "Everything was as expected.",
	} {
		if !strings.Contains(output.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
	for line := range strings.Lines(output.String()) {
		if len(strings.TrimSuffix(line, "\n")) > 120 {
			t.Errorf("over 120 columns: %s", line)
		}
		if strings.Contains(line, ":pgtest@") || strings.Contains(line, "\x1b") {
			t.Errorf("a password or a colour: %q", line)
		}
	}
}

func TestProgramThatDoesNothingFailsTheTour(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), "true", screen{&bytes.Buffer{}, false})
	if err == nil || !strings.HasPrefix(err.Error(), "step 1: ") {
		t.Errorf("got error %v, want one of step 1", err)
	}
}

func TestInterruptedTourStopsItsServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	interrupted := errors.New("interrupted")
	var output bytes.Buffer
	err := run(ctx, "true", screen{writer(func(p []byte) (int, error) {
		if bytes.Contains(p, []byte("1. ")) {
			cancel(interrupted)
		}
		return output.Write(p)
	}), false})
	if !errors.Is(err, interrupted) {
		t.Errorf("got error %v, want %v", err, interrupted)
	}
	address := regexp.MustCompile(`@([^/]+)/`).FindStringSubmatch(output.String())
	if address == nil {
		t.Fatalf("no database URL in\n%s", &output)
	}
	if os.Getenv("TEST_DATABASE_URL") != "" {
		return // somebody else's server goes on
	}
	if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address[1]); err == nil {
		_ = conn.Close()
		t.Error("the server is still there")
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestRewritingARowWithTheSameValuesIsNoticed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Team(t, "team")
	conn, err := pgx.Connect(t.Context(), db.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	rows := func() []string {
		rows, err := readRows(t.Context(), conn)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	before := rows()
	if !slices.Equal(before, rows()) {
		t.Error("reading changed something")
	}
	db.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET team_id = team_id`)
	if slices.Equal(before, rows()) {
		t.Error("a rewritten row was not noticed")
	}
}

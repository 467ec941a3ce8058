package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/internal/program"
)

// binary is the path of the program, built for these tests.
var binary string

// patience bounds every wait. It is long because only a failure waits it out.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	// Linked into the tests as well, or their cached result would outlive a
	// change of the program that they build.
	runtime.KeepAlive(main)
	path, remove, err := program.Build()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = path
	pgtest.Main(m, remove)
}

// env are the variables that the program sees, and there are no others.
type env = program.Env

// of is the environment of a LiteLLM pod on that database.
func of(db *pgtest.Database) env { return program.On(db) }

// command prepares the program. It is killed when ctx ends.
func command(ctx context.Context, t *testing.T, e env, args ...string) *exec.Cmd {
	t.Helper()
	return program.Command(ctx, t, binary, e, args...)
}

// result is what a run of the program came to.
type result struct {
	code           int
	stdout, stderr string
}

// run runs the program to its end.
func run(t *testing.T, e env, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := command(ctx, t, e, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		t.Errorf("running %v: %v\n%s", args, err, stderr.String()) // not Fatalf: it may be another goroutine than the test's
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// once makes one pass over the database and wants it to end with code.
func once(t *testing.T, db *pgtest.Database, code int, args ...string) result {
	t.Helper()
	return run(t, of(db), append([]string{"--once"}, args...)...).wantCode(t, code)
}

func (r result) wantCode(t *testing.T, code int) result {
	t.Helper()
	if r.code != code {
		t.Fatalf("exit code %d, want %d\nstdout: %s\nstderr: %s", r.code, code, r.stdout, r.stderr)
	}
	return r
}

// complaint is the error that the run ended with: on standard error the last
// line, and the only one beside the log.
func (r result) complaint(t *testing.T) string {
	t.Helper()
	log, line, found := strings.Cut(r.stderr, "litellm-reconciler: ")
	for entry := range strings.Lines(log) {
		found = found && strings.HasPrefix(entry, `{"time":`) && strings.HasSuffix(entry, "}\n")
	}
	line, rest, ended := strings.Cut(line, "\n")
	if !found || !ended || rest != "" {
		t.Fatalf("standard error is not one line beside the log: %q", r.stderr)
	}
	return line
}

// wantTexts wants every one of some texts in another.
func wantTexts(t *testing.T, in string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(in, text) {
			t.Errorf("no %q in: %s", text, in)
		}
	}
}

// eventually polls until check finds nothing missing any more.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	program.Eventually(t, patience, check)
}

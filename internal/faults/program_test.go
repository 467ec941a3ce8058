//go:build faults

package faults_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/internal/program"
)

// env are the variables that the program sees, and there are no others.
type env = program.Env

// of is the environment of a LiteLLM pod on that database.
func of(db *pgtest.Database) env { return program.On(db) }

func at(database string) env { return env{"DATABASE_URL": database} }

// command prepares the program. It is killed when ctx ends.
func command(ctx context.Context, t *testing.T, e env, args ...string) *exec.Cmd {
	t.Helper()
	return program.Command(ctx, t, binary, e, args...)
}

// result is what a run of the program came to: -1 for one that was killed.
type result struct {
	code           int
	stdout, stderr string
}

// run runs the program to its end. Started hears of the process.
func run(t *testing.T, e env, started func(*exec.Cmd), args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := command(ctx, t, e, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if started != nil {
		started(cmd)
	}
	err := cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		t.Fatalf("running %v: %v\n%s", args, err, stderr.String())
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// once makes one pass and wants it to end well.
func once(t *testing.T, e env, args ...string) {
	t.Helper()
	expect(t, e, append([]string{"--once"}, args...)...)
}

// expect runs the program and wants it to end well.
func expect(t *testing.T, e env, args ...string) result {
	t.Helper()
	r := run(t, e, nil, args...)
	if r.code != 0 {
		t.Fatalf("%v: exit code %d\nstdout: %s\nstderr: %s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// inSync reports whether a look finds nothing to be done.
func inSync(t *testing.T, e env) error {
	t.Helper()
	if r := run(t, e, nil, "--once", "--dry-run", "--exit-code"); r.code != 0 {
		return errors.New("not in sync: " + r.stdout + r.stderr)
	}
	return nil
}

// Package program runs the program as it is built, as a process, for tests.
package program

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// Build builds the program, with the race detector where the tests have it. The
// caller removes it.
func Build() (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "litellm-reconciler-test-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	path = filepath.Join(dir, "litellm-reconciler")
	args := []string{"build", "-o", path}
	if raceDetector {
		args = append(args, "-race")
	}
	args = append(args, "litellm-reconciler/cmd/litellm-reconciler")
	build := exec.CommandContext(context.Background(), "go", args...) //nolint:gosec // the arguments are those above
	if output, err := build.CombinedOutput(); err != nil {
		remove()
		return "", nil, fmt.Errorf("building the program: %w: %s", err, output)
	}
	return path, remove, nil
}

// Env are the variables that the program sees, and there are no others.
type Env map[string]string

// On is the environment of a LiteLLM pod on that database.
func On(db *pgtest.Database) Env { return Env{"DATABASE_URL": db.URL} }

// Command prepares the program. It is killed when ctx ends.
func Command(ctx context.Context, tb testing.TB, path string, e Env, args ...string) *exec.Cmd {
	tb.Helper()
	cmd := exec.CommandContext(ctx, path, args...)  //nolint:gosec // it was built by the test
	cmd.Dir = tb.TempDir()                          // nothing is to be found in the working directory
	cmd.Env = []string{"GORACE=atexit_sleep_ms=50"} // the race detector's own second, times hundreds of runs, is too long
	for name, value := range e {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

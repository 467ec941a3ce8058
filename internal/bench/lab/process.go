package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"litellm-reconciler/internal/bench/results"
)

// patience bounds every process.
const patience = 30 * time.Minute

// process prepares a program that sees the environment given and nothing else.
func process(ctx context.Context, program string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = env
	cmd.Dir = os.TempDir() // no configuration is to be found there
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// output is what a process came to.
type output struct {
	stdout string
	run    results.Run
}

// run runs a program to its end.
func (l *Lab) run(ctx context.Context, program string, env []string, args ...string) (output, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := process(ctx, program, env, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	wall := time.Since(began)
	if err != nil {
		return output{}, fmt.Errorf("running %s: %w: %s", strings.Join(cmd.Args, " "), err, lastLines(stderr.String()))
	}
	u, err := usage(cmd.ProcessState)
	u.Wall = wall.Seconds()
	return output{stdout.String(), u}, err
}

// usage is what the operating system counted for a process that has ended. Linux counts the memory of its parent at the
// time of the fork as well: a peak below that of the benchmark itself is an upper bound.
func usage(state *os.ProcessState) (results.Run, error) {
	r, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return results.Run{}, errors.New("reading what a process used: this system does not tell")
	}
	unit := int64(1024)
	if runtime.GOOS == "darwin" {
		unit = 1
	}
	return results.Run{CPU: (state.UserTime() + state.SystemTime()).Seconds(), PeakBytes: r.Maxrss * unit}, nil
}

// processor is how long a process that still runs has used a processor, in seconds: Linux counts hundredths. It is 0
// elsewhere, and for no process.
func processor(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold blanks
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}

// env names the database to whoever is run.
func (l *Lab) env(database string) []string { return environment(l.server.URL(database)) }

func environment(url string) []string {
	return []string{"DATABASE_URL=" + url, "PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}
}

func lastLines(text string) string {
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-500):]
}

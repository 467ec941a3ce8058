package lease_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/postgres"
)

// copyURL is set for a process of this test's binary that is to be a copy of the daemon: the database that it shares.
const copyURL = "LEASE_TEST_COPY_URL"

// runCopy writes as long as it leads, until its input is closed. It says when a term begins and ends.
func runCopy(url string) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	pool, err := postgres.Open(ctx, url, 2)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	c := lease.Config{Names: names, Holder: "process", Duration: steady}
	lease.New(pool.Config().ConnConfig, c, discard, time.Now).Run(ctx, func(ctx context.Context, f lease.Fence) {
		fmt.Println("leads", f.Term)
		for ctx.Err() == nil {
			_ = write(context.WithoutCancel(ctx), pool, f, lease.IdleTimeout(steady), 0)
		}
		fmt.Println("over", f.Term)
	})
}

func TestAStoppedProcessWritesNothingWhenItGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	b.exec(t, writes)
	say, process := b.startCopy(t)
	if line := say(); line != "leads 1" {
		t.Fatalf("says %q", line)
	}
	written := func(term, least int) func() bool {
		return func() bool {
			return scalar[int](t, b, `SELECT count(*) FROM {ledger}.writes WHERE term = $1`, term) >= least
		}
	}
	eventually(t, "the process writes", written(1, 20))
	next := b.joinWriter(t, "second")
	eventually(t, "the second follows", func() bool { return next.Status().Term == 1 })

	signal(t, process, syscall.SIGSTOP)
	stopped := time.Now()
	if f := next.leads(t); f.Term != 2 || f.at.Sub(stopped) > b.duration+b.duration/2 {
		t.Errorf("term %d began %s after the process was stopped", f.Term, f.at.Sub(stopped))
	}
	eventually(t, "the second writes", written(2, 20))
	signal(t, process, syscall.SIGCONT)
	if line := say(); line != "over 1" {
		t.Errorf("says %q", line)
	}
	eventually(t, "the second writes on", written(2, 40))
	b.wantTermsInOrder(t)
}

// startCopy starts a process that is a copy, and returns what reads the next line that it says.
func (b *bundle) startCopy(t *testing.T) (say func() string, p *os.Process) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program) //nolint:noctx // ended below
	cmd.Env = append(os.Environ(), copyURL+"="+b.URL)
	cmd.Stderr = os.Stderr
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(stdout)
	return func() string {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(line)
	}, cmd.Process
}

func signal(t *testing.T, p *os.Process, s syscall.Signal) {
	t.Helper()
	if err := p.Signal(s); err != nil {
		t.Fatal(err)
	}
}

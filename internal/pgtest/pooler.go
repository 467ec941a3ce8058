package pgtest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pooled starts PgBouncer before the database, in the given pool mode, and returns the superuser's URL through it. It
// ends with the test. Where PgBouncer is not installed the test is skipped.
func (d *Database) Pooled(tb testing.TB, mode string) string {
	tb.Helper()
	program, err := findPgBouncer()
	if err != nil {
		tb.Skip("pgbouncer is not installed")
	}
	through, err := url.Parse(d.URL)
	if err != nil {
		tb.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(through.Host)
	secret, _ := through.User.Password()
	listen, err := freePort(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	through.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(listen))

	dir, err := os.MkdirTemp("", "pgbouncer-test-") // not TempDir of the test, which another user cannot enter
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	account, err := unprivileged()
	if err != nil {
		tb.Skip(err)
	}
	for name, text := range map[string]string{
		"users": fmt.Sprintf("%q %q\n", through.User.Username(), secret),
		"ini": fmt.Sprintf("[databases]\n* = host=%s port=%s\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=%d\n"+
			"unix_socket_dir=\nauth_type=plain\nauth_file=users\npool_mode=%s\n", host, port, listen, mode),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
		if err := account.own(path); err != nil {
			tb.Fatal(err)
		}
	}
	if err := account.own(dir); err != nil {
		tb.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		tb.Fatal(err)
	}
	cmd := account.command(context.WithoutCancel(tb.Context()), dir, program, "ini") // ended below, after those connected to it
	cmd.Stderr = log
	running, err := fork(cmd)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = running.cmd.Process.Kill()
		<-running.exited
		_ = log.Close()
		if text, err := os.ReadFile(log.Name()); err == nil && tb.Failed() {
			tb.Logf("%s", text)
		}
	})
	waitPooled(tb, through.String())
	return through.String()
}

func waitPooled(tb testing.TB, url string) {
	tb.Helper()
	deadline := time.Now().Add(startTimeout)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(tb.Context(), url)
		if err == nil {
			_ = conn.Close(tb.Context())
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("PgBouncer does not answer: %v", err)
		}
		<-tick.C
	}
}

func findPgBouncer() (string, error) {
	path, err := exec.LookPath("pgbouncer")
	if err != nil { // where Debian puts it, which only root has on PATH
		path, err = exec.LookPath("/usr/sbin/pgbouncer")
	}
	return path, err
}

package doctor_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/doctor"
)

func TestAPoolerInBetweenIsNoticed(t *testing.T) {
	t.Parallel()
	program := pgbouncer(t)
	for _, mode := range []string{"transaction", "session"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			install(t, db)
			pooled := pooled(t, program, db, mode)

			r := examine(t, with(pooled), doctor.Daemon)
			want(t, r, "pooler", doctor.Warn, "no direct URL is given: set database.direct_url (DIRECT_URL)")
			wantOnly(t, r, "pooler")

			r = examine(t, with(pooled, "DIRECT_URL", db.URL), doctor.Daemon)
			want(t, r, "pooler", doctor.OK, "a direct URL is given")
			want(t, r, "direct_url", doctor.OK, "the same database, no pooler in between")
			want(t, r, "writers", doctor.OK, "behind a pooler")
			wantOnly(t, r)

			r = examine(t, with(db.URL, "DIRECT_URL", pooled), doctor.Daemon)
			want(t, r, "direct_url", doctor.Warn, "a pooler is in between here as well")

			wantOnly(t, examine(t, with(pooled), doctor.Plan))
		})
	}
}

// pgbouncer finds the program, or skips the test.
func pgbouncer(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("pgbouncer is not installed")
	return ""
}

// pooled starts PgBouncer before a database and returns the URL through it.
func pooled(t *testing.T, program string, db *pgtest.Database, mode string) string {
	t.Helper()
	through, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	server := through.Host
	through.Host = freeAddress(t)
	password, _ := through.User.Password()
	dir, err := os.MkdirTemp("", "pgbouncer-test-") // not t.TempDir, which another user cannot enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	account := unprivileged(t)
	host, port, _ := net.SplitHostPort(server)
	for name, text := range map[string]string{
		"users": fmt.Sprintf("%q %q\n", through.User.Username(), password),
		"ini": fmt.Sprintf("[databases]\n* = host=%s port=%s\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=%s\n"+
			"unix_socket_dir=\nauth_type=plain\nauth_file=users\npool_mode=%s\n", host, port, through.Port(), mode),
		"": "",
	} {
		path := filepath.Join(dir, name)
		if name != "" {
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		if err == nil && account != nil {
			err = os.Chown(path, int(account.Uid), int(account.Gid))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	cmd := exec.Command(program, "ini") //nolint:noctx // ended below, when nobody is connected any more
	cmd.Dir, cmd.Stderr = dir, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(t.Context(), through.String())
		if err == nil {
			_ = conn.Close(t.Context())
			return through.String()
		}
		if time.Now().After(deadline) {
			t.Fatalf("PgBouncer does not answer: %v", err)
		}
		<-tick.C
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// unprivileged is who PgBouncer runs as in tests that root runs: it refuses to
// run as root. It is nil for everybody else.
func unprivileged(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	uid, err1 := strconv.ParseUint(nobody.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(nobody.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

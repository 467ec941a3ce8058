//go:build faults

package faults_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/internal/pgtest"
)

// After a failover to a server that lacks the last transactions, rows and
// ledger are both of the same earlier time.
func TestAFailoverThatLosesTransactionsTakesNothingFromAnybody(t *testing.T) {
	t.Parallel()
	primary := pgtest.Own(t)
	db := primary.New(t, pgtest.V1_88)
	everyKind(t, db)
	i := inject(t, "failover to a standby that lacks the last transactions")
	standby, replication := follow(t, primary)

	proxy, through := before(t, db.URL)
	d := start(t, at(through), smallBatches)
	i.longest("before it, in sync after", eventually(t, func() error { return inSync(t, of(db)) }))
	caughtUp(t, primary, standby)
	reached := photograph(t, onServer(t, standby, db)) // this is what will be left

	// From here on the standby gets nothing: edits, their repair, the ledger of both.
	replication.SetTarget("127.0.0.1:1")
	replication.CutAll()
	db.SetGroup(t, "dev", "github", "lost")
	db.SetServers(t, db.RowID(t, "i in sync"), "direct", "pager", "lost too")
	db.SetGroup(t, "ops", "pager", "lost")
	db.Team(t, "l lost", "dev")
	eventually(t, func() error { return inSync(t, of(db)) })
	lost := pgtest.Scalar[int](t, db, `SELECT count(*) FROM litellm_reconciler.changes`)

	proxy.SetTarget("127.0.0.1:1")
	stopAtOnce(t, primary)
	if promoted := ask(t, standby.URL(db.Name), `SELECT pg_promote(true, 30)::text`); promoted != "true" {
		t.Fatal("the standby was not promoted")
	}
	i.add()
	after := onServer(t, standby, db)
	lost -= pgtest.Scalar[int](t, after, `SELECT count(*) FROM litellm_reconciler.changes`)
	i.wantSame(t, "on the new primary", photograph(t, after), reached)
	// LiteLLM goes on there, before the daemon is back.
	after.SetGroup(t, "dev", "github", "jira", "wiki", "new")
	after.SetServers(t, after.RowID(t, "h to settle"), "pager", "by an administrator", "another")
	was := photograph(t, after)
	standbyURL, err := url.Parse(standby.URL(db.Name))
	if err != nil {
		t.Fatal(err)
	}
	proxy.CutAll()
	began := time.Now()
	proxy.SetTarget(standbyURL.Host)
	eventually(t, func() error { // and whatever is seen until all is done
		now := photograph(t, after)
		for id, team := range now.Teams {
			for _, server := range was.Teams[id].Servers {
				if !slices.Contains(team.Servers, server) {
					i.lose(t, "team %q has lost %q", id, server)
				}
			}
		}
		if t.Failed() {
			return nil
		}
		return inSync(t, at(after.URL))
	})
	i.longest("after it, in sync after", time.Since(began))
	for id, team := range photograph(t, after).Teams {
		for _, server := range team.Union {
			if !slices.Contains(team.Servers, server) {
				i.mistake(t, "team %q lacks %q", id, server)
			}
		}
		if slices.Contains(team.Servers, "lost") || slices.Contains(team.Servers, "lost too") {
			i.mistake(t, "team %q has what was lost: %q", id, team.Servers)
		}
	}
	i.measure("%d changes were undone by it", lost)
	if lost == 0 {
		t.Error("the failover lost nothing")
	}
	d.await(t, 200)
	if code := d.stop(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// follow makes a second server a standby of the first, which it reaches through
// the proxy.
func follow(t *testing.T, primary *pgtest.Server) (standby *pgtest.Server, replication interface {
	SetTarget(string)
	CutAll() int
}) {
	t.Helper()
	standby = pgtest.Own(t)
	proxy, through := before(t, primary.URL("postgres"))
	u, err := url.Parse(through)
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := u.User.Password()
	data := ask(t, standby.URL("postgres"), "SHOW data_directory")
	programs := ask(t, standby.URL("postgres"), "SELECT setting FROM pg_config WHERE name = 'BINDIR'")
	info, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	stopFast(t, standby)

	// Emptied, not removed: its parent belongs to this process.
	entries, err := os.ReadDir(data)
	for _, entry := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(data, entry.Name())))
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	backup := exec.CommandContext(ctx, filepath.Join(programs, "pg_basebackup"), "--pgdata", data, "--write-recovery-conf",
		"--checkpoint=fast", "--no-sync", "--dbname", fmt.Sprintf("host=%s port=%s user=%s password=%s", u.Hostname(), u.Port(), u.User.Username(), secret))
	backup.Dir = "/"
	if os.Geteuid() == 0 {
		backup.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	if output, err := backup.CombinedOutput(); err != nil {
		t.Fatalf("making a standby: %v: %s", err, output)
	}
	if err := standby.StartPostgres(t.Context()); err != nil {
		t.Fatal(err)
	}
	return standby, proxy
}

// caughtUp waits until the standby has all that the primary has written.
func caughtUp(t *testing.T, primary, standby *pgtest.Server) {
	t.Helper()
	// What is committed may not be flushed yet, and only that is sent.
	position := ask(t, primary.URL("postgres"), "SELECT pg_switch_wal()::text")
	eventually(t, func() error {
		if replayed := ask(t, standby.URL("postgres"), "SELECT (pg_last_wal_replay_lsn() >= '"+position+"')::text"); replayed != "true" {
			return errors.New("the standby has not caught up")
		}
		return nil
	})
}

// onServer is the database of the same name on another server.
func onServer(t *testing.T, server *pgtest.Server, db *pgtest.Database) *pgtest.Database {
	t.Helper()
	other := &pgtest.Database{Name: db.Name, URL: server.URL(db.Name), Schema: db.Schema}
	var err error
	if other.Pool, err = pgxpool.New(t.Context(), other.URL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Pool.Close)
	return other
}

package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
)

// copies starts several daemons on one database, and returns the one that leads and the others.
func copies(t *testing.T, db *pgtest.Database, n int, lease time.Duration) (leader *daemon, followers []*daemon) {
	t.Helper()
	var all []*daemon
	for range n {
		all = append(all, start(t, of(db), "--lease-duration="+lease.String()))
	}
	return sort(t, all)
}

// sort waits until exactly one of them leads, and the others know it.
func sort(t *testing.T, all []*daemon) (leader *daemon, followers []*daemon) {
	t.Helper()
	eventually(t, func() error {
		leader, followers = nil, nil
		for _, d := range all {
			_, metrics := d.get(t, "/metrics")
			switch {
			case !strings.Contains(metrics, "\nlitellm_reconciler_leader 1\n"):
				followers = append(followers, d)
			case leader != nil:
				return errors.New("two copies lead")
			default:
				leader = d
			}
			if strings.Contains(metrics, "\nlitellm_reconciler_lease_term 0\n") {
				return errors.New("a copy has not seen the lease yet")
			}
		}
		if leader == nil {
			return errors.New("no copy leads")
		}
		return nil
	})
	return leader, followers
}

func TestOfSeveralCopiesOneRepairsAndTheOthersAreReady(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	leader, followers := copies(t, db, 3, 5*time.Second)
	awaitServers(t, db, "a", "github")
	leader.awaitMetric(t, `passes_total{result="ok",trigger="schedule"}`, 3)
	leader.await(t, "/readyz", 200, "ok")
	for _, f := range followers {
		f.await(t, "/readyz", 200, "ok")
		f.await(t, "/metrics", 200, `litellm_reconciler_passes_total{result="ok",trigger="schedule"} 0`,
			"litellm_reconciler_leader 0", "litellm_reconciler_lease_term 1")
	}
}

func TestALeaderThatIsStoppedIsFollowedWithinASecond(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	leader, followers := copies(t, db, 3, 30*time.Second)
	awaitServers(t, db, "a", "github")
	for server := 0; len(followers) > 0; server++ {
		code, took := leader.stop(t, syscall.SIGTERM)
		stopped := time.Now()
		if code != 0 || took > time.Second {
			t.Errorf("exit code %d after %s", code, took)
		}
		db.SetGroup(t, "dev", fmt.Sprint("s", server))
		awaitServers(t, db, "a", fmt.Sprint("s", server))
		// A copy that is not told looks again after a fifth of a lease, 6 s, or later.
		if took := time.Since(stopped); took > 1500*time.Millisecond {
			t.Errorf("followed after %s", took)
		}
		leader, followers = sort(t, followers)
	}
}

func TestALeaderThatDiesIsFollowedWithinALease(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	const lease = 5 * time.Second
	leader, followers := copies(t, db, 2, lease)
	awaitServers(t, db, "a", "github")
	leader.stop(t, syscall.SIGKILL)
	died := time.Now()
	db.SetGroup(t, "dev", "jira")
	awaitServers(t, db, "a", "jira")
	if took := time.Since(died); took > lease+2*time.Second {
		t.Errorf("followed after %s", took)
	}
	followers[0].await(t, "/metrics", 200, "litellm_reconciler_leader 1", "litellm_reconciler_lease_term 2")
}

// What it works on is committed or not begun when another copy takes over.
func TestALeaderThatWasPausedWritesNothingMore(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	leader, followers := copies(t, db, 2, 5*time.Second)
	awaitServers(t, db, "a", "github")
	if err := leader.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	followers[0].awaitMetric(t, "leader", 1)
	if err := leader.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	leader.awaitMetric(t, "lease_term", 2)
	leader.await(t, "/metrics", 200, "litellm_reconciler_leader 0")
	leader.await(t, "/readyz", 200)
	for _, line := range leader.Lines() {
		if strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("an error of nobody's: %s", line)
		}
	}
}

func TestACopyThatCouldNeverLeadIsNotReady(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	leader := start(t, of(db))
	leader.await(t, "/readyz", 200)
	role, name := db.Role(t, "second"), db.Name+"_second"
	db.Exec(t, run(t, of(db), "doctor", "--print-grants", name).wantCode(t, 0).stdout)
	db.Exec(t, `REVOKE UPDATE ON litellm_reconciler.lease FROM "`+name+`"`)
	second := start(t, env{"DATABASE_URL": role})
	second.await(t, "/readyz", 503, "a right is missing", `GRANT UPDATE ON "litellm_reconciler"."lease"`)
	second.await(t, "/livez", 200)
	db.Exec(t, `GRANT UPDATE ON litellm_reconciler.lease TO "`+name+`"`)
	second.await(t, "/readyz", 200)
	second.await(t, "/metrics", 200, "litellm_reconciler_leader 0", "litellm_reconciler_lease_term 1")

	// And one that loses a right later.
	db.Exec(t, `REVOKE UPDATE ON litellm_reconciler.lease FROM "`+name+`"`)
	second.await(t, "/readyz", 503, "this copy could not take over", `GRANT UPDATE ON "litellm_reconciler"."lease"`)
}

func TestTheDaemonLeadsThroughAPoolerInTransactionMode(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	d := start(t, env{"DATABASE_URL": db.Pooled(t, "transaction")})
	awaitServers(t, db, "a", "github")
	db.SetGroup(t, "dev", "jira")
	awaitServers(t, db, "a", "jira")
	d.await(t, "/readyz", 200)
	wantTexts(t, strings.Join(d.Lines(), "\n"), "a connection pooler is in between", "DIRECT_URL")
}

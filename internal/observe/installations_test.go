package observe

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/internal/program"
)

// installation is one that goes wrong, and is mended.
type installation struct {
	alerts        []string // that fire meanwhile, without their prefix
	copies        []*replica
	wrong, mended func()
}

// replica is a copy of the daemon at an address that it keeps.
type replica struct {
	address string
	db      *pgtest.Database
	args    []string
	later   bool // not from the beginning
	daemon  *program.Daemon
}

func (r *replica) start(t *testing.T) {
	t.Helper()
	r.daemon = start(t, r.db, append(r.args, "--web-listen-address="+r.address)...)
}

func (r *replica) kill() {
	_ = r.daemon.Cmd.Process.Kill()
	<-r.daemon.Exited
}

// replicas are copies of the daemon on one database.
func replicas(t *testing.T, n int, db *pgtest.Database, args ...string) (all []*replica) {
	t.Helper()
	for range n {
		address, err := freeAddress(t)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &replica{address: address, db: db, args: args})
	}
	return all
}

// site is a database in the state of LiteLLM issue #27657.
func site(t *testing.T) *pgtest.Database {
	t.Helper()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	return db
}

// installations go wrong in one way each, but for the one that is healthy.
func installations(t *testing.T) map[string]installation {
	t.Helper()
	nothing := func() {}
	errors, refused, failing, looking, detached, waiting, leaderless := site(t), site(t), site(t), site(t), site(t), site(t), site(t)
	pass(t, 0, looking)
	gone, split := replicas(t, 1, site(t)), append(replicas(t, 1, site(t)), replicas(t, 1, site(t))...)
	split[1].later = true
	return map[string]installation{
		"healthy": {copies: replicas(t, 2, site(t)), wrong: nothing, mended: nothing},
		"job":     job(t),
		"errors": {copies: replicas(t, 1, errors),
			alerts: []string{"NoSuccessfulPass"},
			wrong:  func() { errors.Exec(t, `ALTER TABLE {schema}."LiteLLM_AccessGroupTable" RENAME TO away`) },
			mended: func() { errors.Exec(t, `ALTER TABLE {schema}.away RENAME TO "LiteLLM_AccessGroupTable"`) },
		},
		"refused": {copies: replicas(t, 1, refused),
			alerts: []string{"DriftDoesNotShrink", "GuardRefused empty_source", "NoSuccessfulPass"},
			wrong:  func() { refused.DeleteGroup(t, "dev") },
			mended: func() { refused.Group(t, "dev", "github") },
		},
		"failing teams": {copies: replicas(t, 1, failing),
			alerts: []string{"DriftDoesNotShrink", "NoSuccessfulPass", "RepairsFail"},
			wrong: func() {
				failing.Exec(t, `ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" ADD CONSTRAINT one CHECK (cardinality(mcp_servers) < 2)`)
				failing.SetGroup(t, "dev", "github", "jira")
			},
			mended: func() { failing.Exec(t, `ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" DROP CONSTRAINT one`) },
		},
		"dry run": {copies: replicas(t, 1, looking, "--dry-run"),
			alerts: []string{"DriftDoesNotShrink"},
			wrong:  func() { looking.SetGroup(t, "dev", "jira") },
			mended: func() { pass(t, 0, looking) },
		},
		"last server": {copies: replicas(t, 1, detached),
			alerts: []string{"CeilingsRemoved"},
			wrong:  func() { detached.SetTeamGroups(t, "a") },
			mended: nothing, // an hour later it is not told of any more
		},
		"queue": {copies: replicas(t, 1, waiting, "--watch-triggers"),
			alerts: []string{"QueueOld"},
			wrong: func() {
				waiting.Exec(t, `INSERT INTO litellm_reconciler.pending (team_id, changed_at, due_at) VALUES ('b', now() - interval '1 hour', now() + interval '1 hour')`)
			},
			mended: func() { waiting.Exec(t, `DELETE FROM litellm_reconciler.pending`) },
		},
		"leaderless": {copies: replicas(t, 2, leaderless),
			alerts: []string{"NoLeader"},
			wrong:  func() { leaderless.Exec(t, `ALTER TABLE litellm_reconciler.lease RENAME TO away`) },
			mended: func() { leaderless.Exec(t, `ALTER TABLE litellm_reconciler.away RENAME TO lease`) },
		},
		"split": {copies: split, // as after a failover that left the old server up
			alerts: []string{"TwoLeaders"},
			wrong:  func() { split[1].start(t) },
			mended: func() { split[1].kill() },
		},
		"gone": {copies: gone,
			alerts: []string{"Absent"},
			wrong:  func() { gone[0].kill() },
			mended: func() { gone[0].start(t) },
		},
	}
}

// pass makes one, and wants it to end with a code.
func pass(t *testing.T, code int, db *pgtest.Database, args ...string) {
	t.Helper()
	cmd := program.Command(t.Context(), t, binary, program.On(db), append([]string{"--once"}, args...)...)
	_ = cmd.Run() // the exit code says it
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("a pass ends with %d, not %d", got, code)
	}
}

// job is one whose metrics are in a file, as they are for node_exporter.
func job(t *testing.T) installation {
	t.Helper()
	db, file := site(t), filepath.Join(t.TempDir(), "metrics.prom")
	export := "--metrics-textfile=" + file
	pass(t, 0, db, export)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(text) // Prometheus may have gone
	}))
	t.Cleanup(server.Close)
	return installation{copies: []*replica{{address: server.Listener.Addr().String()}},
		alerts: []string{"GuardRefused empty_source", "NoSuccessfulPass"},
		wrong:  func() { db.DeleteGroup(t, "dev"); pass(t, 3, db, export) },
		mended: func() { db.Group(t, "dev", "github"); pass(t, 0, db, export) },
	}
}

// ready waits until a copy does its work, or could take over.
func (r *replica) ready(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		status, body, err := r.daemon.Get(t.Context(), "/readyz")
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("the copy at %s is not ready: %s", r.address, body)
		}
		return err
	})
}

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
)

// awaitServers waits until a team has just these servers.
func awaitServers(t *testing.T, db *pgtest.Database, team string, want ...string) {
	t.Helper()
	eventually(t, func() error {
		if got := db.Servers(t, team); !slices.Equal(got, want) {
			return fmt.Errorf("team %s has servers %q, not %q", team, got, want)
		}
		return nil
	})
}

func TestTheDaemonRepairsAtStartAndThenOnItsSchedule(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"interval": {"--schedule-interval=1s"},
		"cron":     {"--schedule-cron=@every 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			db.Group(t, "dev", "github")
			db.Team(t, "users-local", "dev")

			d := start(t, of(db), args...)

			awaitServers(t, db, "users-local", "github")
			db.SetGroup(t, "dev", "github", "jira")
			awaitServers(t, db, "users-local", "github", "jira")
			if code, took := d.stop(t, syscall.SIGTERM); code != 0 || took > 5*time.Second {
				t.Errorf("exit code %d after %s", code, took)
			}
			wantTexts(t, d.Lines()[len(d.Lines())-1], `"msg":"stopped"`)
		})
	}
}

func TestTheDaemonWithADryRunWritesNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	before := db.Fingerprint(t)

	d := start(t, of(db), "--dry-run")

	d.await(t, "/metrics", 200,
		`litellm_reconciler_drift_teams{kind="missing_row"} 1`, `litellm_reconciler_repairs_total{kind="missing_row"} 0`)
	if db.Fingerprint(t) != before || hasLedger(t, db) {
		t.Error("the dry run wrote something")
	}
}

func TestHealthAndMetricsTellHowThePassesGo(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "tools", "github", "jira")
	db.Team(t, "users-local", "tools")
	db.Exec(t, `ALTER TABLE {schema}."LiteLLM_AccessGroupTable" RENAME TO away`)

	d := start(t, of(db))

	d.await(t, "/livez", 200, "ok")
	d.await(t, "/readyz", 503, "no pass has succeeded yet", "no access groups")
	d.awaitMetric(t, `passes_total{result="error",trigger="schedule"}`, 1)

	db.Exec(t, `ALTER TABLE {schema}.away RENAME TO "LiteLLM_AccessGroupTable"`)
	d.await(t, "/readyz", 200, "ok")
	d.await(t, "/metrics", 200,
		`litellm_reconciler_repairs_total{kind="missing_row"} 1`, `litellm_reconciler_servers_granted_total 2`,
		`litellm_reconciler_ceilings_created_total 1`, `litellm_reconciler_drift_teams{kind="missing_row"} 0`,
		`litellm_reconciler_teams 1`, `litellm_reconciler_access_groups 1`)
	_, metrics := d.get(t, "/metrics")
	for _, id := range []string{"users-local", "tools", "github", db.RowID(t, "users-local")} {
		if strings.Contains(metrics, `"`+id+`"`) {
			t.Errorf("the metrics are labelled with %q", id)
		}
	}
}

func TestTheDaemonOutlivesItsDatabase(t *testing.T) {
	t.Parallel()
	server := pgtest.Own(t)
	db := server.New(t, pgtest.V1_88)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	switchOff := func() {
		if err := server.StopPostgres(); errors.Is(err, pgtest.ErrNotOurs) {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
		db.Pool.Reset() // its connections are dead
	}
	switchOn := func() {
		if err := server.StartPostgres(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	switchOff()
	d := start(t, of(db), "--web-ready-max-age=2s")
	d.await(t, "/readyz", 503, "no pass has succeeded yet", "cannot reach Postgres at 127.0.0.1:")
	d.await(t, "/livez", 200)
	switchOn()
	d.await(t, "/readyz", 200)
	wantServers(t, db, "a", "github")

	switchOff()
	d.await(t, "/readyz", 503, "last successful pass was", "limit 2s", "Postgres at 127.0.0.1:")
	d.await(t, "/livez", 200)
	switchOn()
	db.SetGroup(t, "dev", "github", "jira")
	awaitServers(t, db, "a", "github", "jira")
	d.await(t, "/readyz", 200)
	if code, _ := d.stop(t, syscall.SIGINT); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, line := range d.Lines() {
		if strings.Contains(line, "pgtest@") || strings.Contains(line, "password=") {
			t.Errorf("a secret in the log: %s", line)
		}
	}
}

func TestADaemonThatCannotListenEndsAtOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	d := start(t, of(db))

	r := run(t, of(db), "--web-listen-address="+d.Address).wantCode(t, 1)

	wantTexts(t, r.complaint(t), "web.listen_address", d.Address, "a free host:port", "address already in use")
}

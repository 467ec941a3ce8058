package doctor_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/doctor"
)

func TestOtherSessionsOfThisProgramAreSeen(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	install(t, db)
	plain := db.Role(t, "plain")
	connect := func(address, name string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), address+"&application_name="+url.QueryEscape(name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(t.Context()) })
	}
	connect(db.URL, "LiteLLM")
	want(t, examine(t, with(plain), doctor.Plan), "writers", doctor.OK, "no other session of this program")

	connect(db.URL, "litellm-reconciler")
	connect(db.URL, "litellm-reconciler")
	want(t, examine(t, with(db.URL), doctor.Plan), "writers", doctor.OK, "one other client now: user ", " at ")
	want(t, examine(t, with(plain), doctor.Plan), "writers", doctor.OK, "one other client now: user ")

	connect(plain, "litellm-reconciler")
	want(t, examine(t, with(db.URL, "DIRECT_URL", plain), doctor.Plan), "writers", doctor.Warn, "2 other clients now: user ", "one daemon is enough")
}

func TestHostsThatWriteInTurnsAreNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		runs string // host and trigger, a minute apart
		ok   bool
	}{
		"one host":                    {"a:schedule a:schedule", true},
		"a pod after another":         {"a:schedule a:schedule b:schedule b:schedule", true},
		"pods of a CronJob":           {"a:once b:once a:once c:once", true},
		"--once beside a daemon":      {"a:schedule b:once a:schedule", true},
		"two daemons":                 {"a:schedule b:schedule a:schedule", false},
		"two daemons, by event":       {"a:event b:event a:event b:event", false},
		"a revert between two passes": {"a:schedule b:revert a:schedule", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			install(t, db)
			for i, r := range splitRuns(test.runs) {
				db.Exec(t, `INSERT INTO litellm_reconciler.runs (run_id, started_at, trigger, policy, version, host)
					VALUES ($1, now() - make_interval(mins => 50 - $2::integer), $3, 'managed', 'v1', $4)`,
					fmt.Sprintf("01990000-0000-7000-8000-%012d", i), i, r[1], r[0])
			}
			found := lines(examine(t, with(db.URL), doctor.Daemon), "writers")
			if test.ok != (len(found) == 1) {
				t.Fatalf("found %q", found)
			}
			if !test.ok && found[0] != "warn hosts a, b wrote in turns during the last hour: one daemon is enough" {
				t.Errorf("found %q", found[0])
			}
		})
	}
}

func splitRuns(text string) (runs [][2]string) {
	for run := range strings.FieldsSeq(text) {
		host, trigger, _ := strings.Cut(run, ":")
		runs = append(runs, [2]string{host, trigger})
	}
	return runs
}

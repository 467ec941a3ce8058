package chart_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	corev1 "k8s.io/api/core/v1"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/internal/program"
)

// drifted is a LiteLLM database with a team to repair.
func drifted(t *testing.T, options ...pgtest.Option) *pgtest.Database {
	t.Helper()
	db := pgtest.New(t, pgtest.V1_83_14, options...)
	db.Group(t, "dev", "github")
	db.Team(t, "users-local", "dev")
	return db
}

func wantServers(t *testing.T, db *pgtest.Database, want ...string) {
	t.Helper()
	if got := db.Servers(t, "users-local"); !slices.Equal(got, want) {
		t.Errorf("servers %q, not %q", got, want)
	}
}

// secretOf is the Secret of the examples, with the database's own URL.
func secretOf(db *pgtest.Database) map[string]map[string]string {
	return map[string]map[string]string{"litellm-env": {"DATABASE_URL": db.URL, "DIRECT_URL": db.URL}}
}

// start starts the daemon of a pod, and returns it when the kubelet would call
// it ready.
func start(t *testing.T, p process, c corev1.Container) *program.Daemon {
	t.Helper()
	p.env["LITELLM_RECONCILER_WEB_LISTEN_ADDRESS"] = "127.0.0.1:0" // a pod has an address of its own
	d := program.Start(t, p.command(t.Context(), t), patience)
	for _, probe := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		await(t, d, probe.HTTPGet.Path)
	}
	return d
}

func await(t *testing.T, d *program.Daemon, path string) {
	t.Helper()
	program.Eventually(t, patience, func() error {
		status, body, err := d.Get(t.Context(), path)
		if status != http.StatusOK {
			return fmt.Errorf("%s answers %d %s %v", path, status, body, err) //nolint:errorlint // it may be nil
		}
		return nil
	})
}

func TestWithTheSecretOfLiteLLMAndNothingElseTheDaemonWorks(t *testing.T) {
	t.Parallel()
	db := drifted(t)
	all := render(t, "--set", "database.url.secretName=litellm-env")
	pod := pods(t, all)["daemon"].Spec

	d := start(t, newKubelet(all, secretOf(db)).prepare(t, pod, pod.Containers[0]), pod.Containers[0])

	wantServers(t, db, "github")
	if _, metrics, _ := d.Get(t.Context(), "/metrics"); !strings.Contains(metrics, "\nlitellm_reconciler_leader 1\n") {
		t.Errorf("metrics %s", metrics)
	}
	if err := d.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-d.Exited
	if code := d.Cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// Each example is given the place of the test's database in its own words.
func TestTheCronJobRepairsThroughTheSecretsOfEitherChart(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]string{
		"url":                       "mode=cronjob",
		"litellm":                   "database.writer.host={host},database.writer.port={port},database.writer.dbname={name},database.writer.schema={schema}",
		"litellm-helm":              "db.endpoint={host}:{port},db.database={name},config.database.schema={schema}",
		"litellm-helm-endpoint-key": "db.database={name},config.database.schema={schema}",
		"litellm-helm-standalone":   "db.endpoint={host}:{port},db.database={name},config.database.schema={schema}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := []pgtest.Option{pgtest.InSchema("tenant")}
			if name == "url" {
				options = nil
			}
			db := drifted(t, options...)
			secrets := secretOf(db)
			place := place(t, db)
			role := map[string]string{"username": place.User.Username(), "password": password(place), "host": place.Host}
			for _, secret := range []string{"litellm-writer-secret", "postgres", "litellm-dbcredentials"} {
				secrets[secret] = role
			}
			set := strings.NewReplacer("{host}", place.Hostname(), "{port}", place.Port(), "{name}", db.Name, "{schema}", db.Schema).Replace(set)

			all := render(t, append(example(name), "--set", "mode=cronjob", "--set", set)...)
			pod := pods(t, all)["cronjob"].Spec
			newKubelet(all, secrets).prepare(t, pod, pod.Containers[0]).end(t, 0)

			wantServers(t, db, "github")
		})
	}
}

func place(t *testing.T, db *pgtest.Database) *url.URL {
	t.Helper()
	u, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func password(u *url.URL) string {
	p, _ := u.User.Password()
	return p
}

func TestTheCronJobLeavesItsMetricsAndListensToNobody(t *testing.T) {
	t.Parallel()
	pushed := make(chan string, 1)
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { pushed <- r.URL.Path }))
	t.Cleanup(gateway.Close)
	taken := strings.TrimPrefix(gateway.URL, "http://")
	db := drifted(t)

	all := render(t, append(example("cronjob-textfile"), "--set", "config.metrics.pushgateway_url="+gateway.URL, "--set", "config.web.listen_address="+taken)...)
	pod := pods(t, all)["cronjob"].Spec
	p := newKubelet(all, secretOf(db)).prepare(t, pod, pod.Containers[0])
	p.end(t, 0)

	name, _ := strings.CutPrefix(<-pushed, "/metrics/job@base64/")
	if job, err := base64.RawURLEncoding.DecodeString(name); string(job) != namespace+"/"+fullname || err != nil {
		t.Errorf("pushed as %s (%q)", job, name)
	}

	all = render(t, append(example("cronjob-textfile"), "--set", "config.metrics.pushgateway_job=mine,config.metrics.pushgateway_url="+gateway.URL)...)
	pod = pods(t, all)["cronjob"].Spec
	newKubelet(all, secretOf(db)).prepare(t, pod, pod.Containers[0]).end(t, 0)
	if path := <-pushed; path != "/metrics/job/mine" {
		t.Errorf("with a name of its own it pushed to %s", path)
	}
	if _, err := os.Stat(filepath.Join(p.mounts["/textfile"], "litellm-reconciler.prom")); err != nil {
		t.Error(err)
	}
}

func TestTheJobAfterAnInstallRepairs(t *testing.T) {
	t.Parallel()
	db := drifted(t)
	all := render(t, example("job")...)
	pod := pods(t, all)["job"].Spec
	newKubelet(all, secretOf(db)).prepare(t, pod, pod.Containers[0]).end(t, 0)
	wantServers(t, db, "github")
}

// The way of the notes and of docs: look, repair, look again, take it back.
func TestLookingWritesNothingAndServesToLeave(t *testing.T) {
	t.Parallel()
	db := drifted(t)
	before := db.Fingerprint(t)
	all := render(t, example("look")...)
	pod := pods(t, all)["daemon"].Spec
	looking := newKubelet(all, secretOf(db)).prepare(t, pod, pod.Containers[0])
	start(t, looking, pod.Containers[0])

	if plan := looking.end(t, 0, "plan"); !strings.Contains(plan, "users-local") {
		t.Errorf("plan: %s", plan)
	}
	looking.end(t, 0, "doctor")
	if db.Fingerprint(t) != before {
		t.Error("looking wrote something")
	}

	repairing := render(t, example("job")...)
	pod = pods(t, repairing)["job"].Spec
	newKubelet(repairing, secretOf(db)).prepare(t, pod, pod.Containers[0]).end(t, 0)
	wantServers(t, db, "github")
	looking.end(t, 0, "revert", "--all", "--yes")
	if row := db.RowID(t, "users-local"); row != "" {
		t.Errorf("row %s is still there", row)
	}
	if !pgtest.Scalar[bool](t, db, `SELECT to_regclass('litellm_reconciler.grants') IS NOT NULL`) {
		t.Error("no tables")
	}
	looking.end(t, 0, "migrate", "down", "--yes")
	if pgtest.Scalar[bool](t, db, `SELECT to_regclass('litellm_reconciler.grants') IS NOT NULL`) {
		t.Error("its tables are still there")
	}
}

// The daemon's role may not create a schema, and gets what doctor prints.
func TestMigrationsRunAsAnotherRoleThanTheDaemon(t *testing.T) {
	t.Parallel()
	db := drifted(t)
	owner := place(t, db)
	restricted, err := url.Parse(db.Role(t, "daemon"))
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]map[string]string{
		"litellm-writer-secret":   {"username": owner.User.Username(), "password": password(owner)},
		"litellm-reconciler-role": {"username": restricted.User.Username(), "password": password(restricted)},
	}
	all := render(t, append(example("migrations"), "--set",
		fmt.Sprintf("database.writer.host=%s,database.writer.port=%s,database.writer.dbname=%s", owner.Hostname(), owner.Port(), db.Name))...)
	k := newKubelet(all, secrets)

	before := pods(t, all)["migrations"].Spec
	for _, c := range programs(before) {
		k.prepare(t, before, c).end(t, 0)
	}
	pod := pods(t, all)["daemon"].Spec
	p := k.prepare(t, pod, pod.Containers[0])
	p.env["LITELLM_RECONCILER_SCHEDULE_INTERVAL"] = "1s"
	grants := p.end(t, 0, "doctor", "--print-grants", restricted.User.Username())
	db.Exec(t, grants, pgx.QueryExecModeSimpleProtocol) // several statements
	d := start(t, p, pod.Containers[0])

	wantServers(t, db, "github")
	program.Eventually(t, patience, func() error {
		if !strings.Contains(strings.Join(d.Lines(), "\n"), "changes are repaired at once") {
			return errors.New("the triggers are not used")
		}
		return nil
	})
}

package observe

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/internal/program"
)

// installation is one that goes wrong, and is mended.
type installation struct {
	alerts        []string // that fire meanwhile, without their prefix
	targets       []string // addresses
	later         []string // addresses at which nobody answers yet
	wrong, mended func()
}

// One Prometheus scrapes them all, and no alert is of another one than it
// should be. What the rules wait for takes seconds here.
func TestTheAlertsFireOfTheProgramAndResolve(t *testing.T) {
	t.Parallel()
	all := installations(t)
	var targets []target
	later := 0
	for job, i := range all {
		for _, address := range append(i.targets, i.later...) {
			targets = append(targets, target{job, address})
		}
		later += len(i.later)
	}
	p := scrape(t, hurried(t), targets...)
	eventually(t, func() error { return p.sees(t, len(targets)-later) })
	for job, as := range p.firing(t) {
		t.Errorf("before anything goes wrong, %s has alerts: %v", job, as)
	}

	for _, i := range all {
		i.wrong()
	}
	seen := map[string]bool{} // not all at a time: some fire for seconds only
	eventually(t, func() error {
		var missing []string
		firing := p.firing(t)
		for job, i := range all {
			diff := cmp.Diff(i.alerts, names(t, firing[job]))
			seen[job] = seen[job] || diff == ""
			if !seen[job] {
				missing = append(missing, fmt.Sprintf("alerts of %s (-want +got):\n%s", job, diff))
			}
		}
		if len(missing) > 0 {
			return fmt.Errorf("%s", strings.Join(missing, "\n"))
		}
		return nil
	})

	for _, i := range all {
		i.mended()
	}
	eventually(t, func() error {
		if firing := p.firing(t); len(firing) > 0 {
			return fmt.Errorf("alerts still fire: %v", firing)
		}
		return nil
	})
}

// hurried are the rules with an hour of 10 seconds, and no patience.
func hurried(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	quick := regexp.MustCompile(`(?m)^        for: \w+$`).ReplaceAllString(string(text), "        for: 1s")
	quick = strings.NewReplacer("[1h]", "[10s]", "< 3600", "< 10").Replace(quick)
	if strings.Count(quick, "for: 1s") < 8 || strings.Count(quick, "10") < 6 {
		t.Fatalf("the rules did not get any quicker: %s", quick)
	}
	return quick
}

// sees is an error until each target was scraped often enough for all rules.
func (p prometheus) sees(t *testing.T, targets int) error {
	t.Helper()
	found, err := p.query(t.Context(), `count_over_time(litellm_reconciler_build_info[1m]) > 3`)
	if err == nil && len(found) != targets {
		err = fmt.Errorf("of %d targets Prometheus has scraped %d", targets, len(found))
	}
	return err
}

// names are those of alerts, without the prefix and sorted.
func names(t *testing.T, as []alert) (short []string) {
	t.Helper()
	for _, a := range as {
		name := strings.TrimPrefix(a.Labels["alertname"], "LiteLLMReconciler")
		if l := a.Labels["limit"]; l != "" {
			name += " " + l
		}
		short = append(short, name)
		if text := fmt.Sprint(a.Annotations); a.Labels["namespace"] != "litellm" || strings.Contains(text, "<") {
			t.Errorf("%s has labels %v and says %s", name, a.Labels, text)
		}
	}
	slices.Sort(short)
	return short
}

// installations are made, and repaired.
func installations(t *testing.T) map[string]installation {
	t.Helper()
	made := map[string]installation{}
	add := func(job string, i installation, daemons ...*program.Daemon) {
		for _, d := range daemons {
			eventually(t, func() error {
				status, body, err := d.Get(t.Context(), "/readyz")
				if err == nil && status != http.StatusOK {
					err = fmt.Errorf("%s is not ready: %s", job, body)
				}
				return err
			})
			i.targets = append(i.targets, d.Address)
		}
		made[job] = i
	}
	nothing := func() {}

	healthy := site(t)
	add("healthy", installation{wrong: nothing, mended: nothing}, start(t, healthy), start(t, healthy))

	errs := site(t)
	add("errors", installation{alerts: []string{"NoSuccessfulPass"},
		wrong:  func() { errs.Exec(t, `ALTER TABLE {schema}."LiteLLM_AccessGroupTable" RENAME TO away`) },
		mended: func() { errs.Exec(t, `ALTER TABLE {schema}.away RENAME TO "LiteLLM_AccessGroupTable"`) },
	}, start(t, errs))

	refused := site(t)
	add("refused", installation{alerts: []string{"DriftDoesNotShrink", "GuardRefused empty_source", "NoSuccessfulPass"},
		wrong:  func() { refused.DeleteGroup(t, "dev") },
		mended: func() { refused.Group(t, "dev", "github") },
	}, start(t, refused))

	failing := site(t)
	add("failing teams", installation{alerts: []string{"DriftDoesNotShrink", "NoSuccessfulPass", "RepairsFail"},
		wrong: func() {
			failing.Exec(t, `ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" ADD CONSTRAINT short CHECK (cardinality(mcp_servers) < 2)`)
			failing.SetGroup(t, "dev", "github", "jira")
		},
		mended: func() { failing.Exec(t, `ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" DROP CONSTRAINT short`) },
	}, start(t, failing))

	looking := site(t)
	wantOnce(t, 0, looking)
	add("dry run", installation{alerts: []string{"DriftDoesNotShrink"},
		wrong:  func() { looking.SetGroup(t, "dev", "jira") },
		mended: func() { wantOnce(t, 0, looking) },
	}, start(t, looking, "--dry-run"))

	detached := site(t)
	add("last server", installation{alerts: []string{"CeilingsRemoved"},
		wrong:  func() { detached.SetTeamGroups(t, "a") },
		mended: nothing, // an hour later it is not told of any more
	}, start(t, detached))

	waiting := site(t)
	add("queue", installation{alerts: []string{"QueueOld"},
		wrong: func() {
			waiting.Exec(t, `INSERT INTO litellm_reconciler.pending (team_id, changed_at, due_at) VALUES ('b', now() - interval '1 hour', now() + interval '1 hour')`)
		},
		mended: func() { waiting.Exec(t, `DELETE FROM litellm_reconciler.pending`) },
	}, start(t, waiting, "--watch-triggers"))

	leaderless := site(t)
	add("leaderless", installation{alerts: []string{"NoLeader"},
		wrong:  func() { leaderless.Exec(t, `ALTER TABLE litellm_reconciler.lease RENAME TO away`) },
		mended: func() { leaderless.Exec(t, `ALTER TABLE litellm_reconciler.away RENAME TO lease`) },
	}, start(t, leaderless), start(t, leaderless))

	// As after a failover that left the old server up.
	end := func(d *program.Daemon) {
		_ = d.Cmd.Process.Kill()
		<-d.Exited
	}
	var second *program.Daemon
	address, err := freeAddress(t)
	if err != nil {
		t.Fatal(err)
	}
	add("split", installation{alerts: []string{"TwoLeaders"}, later: []string{address},
		wrong:  func() { second = start(t, site(t), "--web-listen-address="+address) },
		mended: func() { end(second) },
	}, start(t, site(t)))

	gone := site(t)
	d := start(t, gone)
	add("gone", installation{alerts: []string{"Absent"},
		wrong:  func() { end(d) },
		mended: func() { start(t, gone, "--web-listen-address="+d.Address) },
	}, d)

	made["job"] = job(t)
	return made
}

// site is a database in the state of LiteLLM issue #27657.
func site(t *testing.T) *pgtest.Database {
	t.Helper()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	return db
}

func wantOnce(t *testing.T, code int, db *pgtest.Database, args ...string) {
	t.Helper()
	if got := once(t, db, args...); got != code {
		t.Fatalf("a pass ends with %d, not %d", got, code)
	}
}

// job is one whose metrics are in a file, as they are for node_exporter.
func job(t *testing.T) installation {
	t.Helper()
	db, file := site(t), filepath.Join(t.TempDir(), "metrics.prom")
	pass := func(code int) { wantOnce(t, code, db, "--metrics-textfile="+file) }
	pass(0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(text) // Prometheus may have gone
	}))
	t.Cleanup(server.Close)
	return installation{alerts: []string{"GuardRefused empty_source", "NoSuccessfulPass"}, targets: []string{server.Listener.Addr().String()},
		wrong:  func() { db.DeleteGroup(t, "dev"); pass(3) },
		mended: func() { db.Group(t, "dev", "github"); pass(0) },
	}
}

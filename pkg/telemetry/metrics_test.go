package telemetry

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

var started = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) // 1795435200

// expect compares the metrics whose names are given, without the prefix, with
// an exposition that leaves out the help texts and the prefix.
func expect(t *testing.T, m *Metrics, want string, names ...string) {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, family := range families {
		if name := strings.TrimPrefix(family.GetName(), namespace+"_"); strings.Contains(want, "# TYPE "+name+" ") {
			text.WriteString("# HELP " + family.GetName() + " " + family.GetHelp() + "\n")
		}
	}
	for line := range strings.Lines(want) {
		if kind, ok := strings.CutPrefix(line, "# TYPE "); ok {
			line = "# TYPE " + namespace + "_" + kind
		} else {
			line = namespace + "_" + line
		}
		text.WriteString(line)
	}
	for i := range names {
		names[i] = namespace + "_" + names[i]
	}
	if err := testutil.GatherAndCompare(m.Gatherer(), strings.NewReader(text.String()), names...); err != nil {
		t.Error(err)
	}
}

func TestMetricsFollowTheConventions(t *testing.T) {
	t.Parallel()
	m := New("1.2.3", "abcdef0")
	m.WatchPool(newPool(t))
	problems, err := testutil.GatherAndLint(m.Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestMetricsHaveThePrefix(t *testing.T) {
	t.Parallel()
	families, err := New("1.2.3", "abcdef0").Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, family := range families {
		prefix, _, _ := strings.Cut(strings.TrimPrefix(family.GetName(), "litellm_"), "_")
		count[prefix]++
	}
	if count["reconciler"] == 0 || count["go"] == 0 || count["process"] == 0 || len(count) != 3 {
		t.Errorf("families by prefix: %v, want reconciler, go and process", count)
	}
}

func TestLabelValuesAreThereBeforeTheFirstPass(t *testing.T) {
	t.Parallel()
	expect(t, New("1.2.3", "abcdef0"), `# TYPE drift_teams gauge
drift_teams{kind="excess_servers"} 0
drift_teams{kind="missing_row"} 0
drift_teams{kind="missing_servers"} 0
drift_teams{kind="shared_row"} 0
# TYPE guard_refusals_total counter
guard_refusals_total{limit="ceilings_created"} 0
guard_refusals_total{limit="ceilings_removed"} 0
guard_refusals_total{limit="empty_source"} 0
guard_refusals_total{limit="revoked_fraction"} 0
# TYPE last_success_timestamp_seconds gauge
last_success_timestamp_seconds 0
# TYPE passes_total counter
passes_total{result="error",trigger="event"} 0
passes_total{result="error",trigger="once"} 0
passes_total{result="error",trigger="schedule"} 0
passes_total{result="ok",trigger="event"} 0
passes_total{result="ok",trigger="once"} 0
passes_total{result="ok",trigger="schedule"} 0
passes_total{result="partial",trigger="event"} 0
passes_total{result="partial",trigger="once"} 0
passes_total{result="partial",trigger="schedule"} 0
passes_total{result="refused",trigger="event"} 0
passes_total{result="refused",trigger="once"} 0
passes_total{result="refused",trigger="schedule"} 0
passes_total{result="stopped",trigger="event"} 0
passes_total{result="stopped",trigger="once"} 0
passes_total{result="stopped",trigger="schedule"} 0
# TYPE repairs_total counter
repairs_total{kind="excess_servers"} 0
repairs_total{kind="missing_row"} 0
repairs_total{kind="missing_servers"} 0
repairs_total{kind="shared_row"} 0
# TYPE skipped_total counter
skipped_total{reason="busy"} 0
skipped_total{reason="gone"} 0
skipped_total{reason="moved"} 0
skipped_total{reason="sentinel"} 0
`, "drift_teams", "guard_refusals_total", "last_success_timestamp_seconds", "passes_total", "repairs_total", "skipped_total")

	if n, err := testutil.GatherAndCount(New("", "").Gatherer(), namespace+"_pass_duration_seconds"); n != 3 || err != nil {
		t.Errorf("%d histograms (error %v), want one a trigger", n, err)
	}
}

func TestObservePassMovesWhatItShould(t *testing.T) {
	t.Parallel()
	m := New("1.2.3", "abcdef0")
	m.ObservePass(Pass{
		Trigger: TriggerSchedule, Result: ResultOK, Started: started, Duration: 1500 * time.Millisecond,
		Scan: &Scan{
			Drift: map[Kind]int{KindMissingRow: 2, KindSharedRow: 1},
			Teams: 100, AccessGroups: 7, DanglingGroupReferences: 3, MembershipMismatches: 4,
		},
		Repairs:        map[Kind]int{KindMissingRow: 1, KindSharedRow: 1},
		Skipped:        map[Reason]int{ReasonBusy: 1},
		ServersGranted: 5, ServersRevoked: 6, CeilingsCreated: 8, CeilingsRemoved: 9,
	})
	m.ObservePass(Pass{
		Trigger: TriggerSchedule, Result: ResultPartial, Started: started.Add(time.Minute), Duration: 20 * time.Second,
		Scan:        &Scan{Drift: map[Kind]int{KindMissingRow: 1}, Teams: 101, AccessGroups: 8},
		Repairs:     map[Kind]int{KindMissingRow: 1},
		FailedTeams: 1,
	})
	m.ObservePass(Pass{
		Trigger: TriggerEvent, Result: ResultRefused, Started: started.Add(time.Hour),
		Refusals: []Limit{LimitRevokedFraction, LimitEmptySource},
	})
	expect(t, m, `# TYPE access_groups gauge
access_groups 8
# TYPE ceilings_created_total counter
ceilings_created_total 8
# TYPE ceilings_removed_total counter
ceilings_removed_total 9
# TYPE dangling_group_references gauge
dangling_group_references 0
# TYPE drift_teams gauge
drift_teams{kind="excess_servers"} 0
drift_teams{kind="missing_row"} 1
drift_teams{kind="missing_servers"} 0
drift_teams{kind="shared_row"} 0
# TYPE failed_teams_total counter
failed_teams_total 1
# TYPE guard_refusals_total counter
guard_refusals_total{limit="ceilings_created"} 0
guard_refusals_total{limit="ceilings_removed"} 0
guard_refusals_total{limit="empty_source"} 1
guard_refusals_total{limit="revoked_fraction"} 1
# TYPE last_attempt_timestamp_seconds gauge
last_attempt_timestamp_seconds 1.79543528e+09
# TYPE last_success_timestamp_seconds gauge
last_success_timestamp_seconds 1.7954352015e+09
# TYPE membership_mismatches gauge
membership_mismatches 0
# TYPE passes_total counter
passes_total{result="error",trigger="event"} 0
passes_total{result="error",trigger="once"} 0
passes_total{result="error",trigger="schedule"} 0
passes_total{result="ok",trigger="event"} 0
passes_total{result="ok",trigger="once"} 0
passes_total{result="ok",trigger="schedule"} 1
passes_total{result="partial",trigger="event"} 0
passes_total{result="partial",trigger="once"} 0
passes_total{result="partial",trigger="schedule"} 1
passes_total{result="refused",trigger="event"} 1
passes_total{result="refused",trigger="once"} 0
passes_total{result="refused",trigger="schedule"} 0
passes_total{result="stopped",trigger="event"} 0
passes_total{result="stopped",trigger="once"} 0
passes_total{result="stopped",trigger="schedule"} 0
# TYPE repairs_total counter
repairs_total{kind="excess_servers"} 0
repairs_total{kind="missing_row"} 2
repairs_total{kind="missing_servers"} 0
repairs_total{kind="shared_row"} 1
# TYPE servers_granted_total counter
servers_granted_total 5
# TYPE servers_revoked_total counter
servers_revoked_total 6
# TYPE skipped_total counter
skipped_total{reason="busy"} 1
skipped_total{reason="gone"} 0
skipped_total{reason="moved"} 0
skipped_total{reason="sentinel"} 0
# TYPE teams gauge
teams 101
`, "access_groups", "ceilings_created_total", "ceilings_removed_total", "dangling_group_references", "drift_teams",
		"failed_teams_total", "guard_refusals_total", "last_attempt_timestamp_seconds", "last_success_timestamp_seconds",
		"membership_mismatches", "passes_total", "repairs_total", "servers_granted_total", "servers_revoked_total", "skipped_total", "teams")
}

func TestPassDurationIsObservedByTrigger(t *testing.T) {
	t.Parallel()
	m := New("", "")
	m.ObservePass(Pass{Trigger: TriggerOnce, Result: ResultOK, Started: started, Duration: 250 * time.Millisecond})
	m.ObservePass(Pass{Trigger: TriggerOnce, Result: ResultError, Started: started, Duration: 10 * time.Minute})
	text := scrape(t, Handler(m, readyHealth()), "/metrics")
	for _, want := range []string{
		`pass_duration_seconds_bucket{trigger="once",le="0.1"} 0`,
		`pass_duration_seconds_bucket{trigger="once",le="0.25"} 1`,
		`pass_duration_seconds_bucket{trigger="once",le="300"} 1`,
		`pass_duration_seconds_count{trigger="once"} 2`,
		`pass_duration_seconds_sum{trigger="once"} 600.25`,
		`pass_duration_seconds_count{trigger="schedule"} 0`,
	} {
		if !strings.Contains(text, namespace+"_"+want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}

// newPool returns a pool that is configured but never connects.
func newPool(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), "postgres://127.0.0.1:1/none?pool_max_conns=7")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestWatchPoolShowsThePool(t *testing.T) {
	t.Parallel()
	m := New("", "")
	pool := newPool(t)
	m.WatchPool(pool)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pool.Acquire(ctx); err == nil {
		t.Fatal("acquired a connection to nowhere")
	}
	expect(t, m, `# TYPE pool_acquired_connections gauge
pool_acquired_connections 0
# TYPE pool_acquires_total counter
pool_acquires_total 0
# TYPE pool_canceled_acquires_total counter
pool_canceled_acquires_total 1
# TYPE pool_connections gauge
pool_connections 0
# TYPE pool_empty_acquires_total counter
pool_empty_acquires_total 0
# TYPE pool_idle_connections gauge
pool_idle_connections 0
# TYPE pool_max_connections gauge
pool_max_connections 7
`, "pool_acquired_connections", "pool_acquires_total", "pool_canceled_acquires_total", "pool_connections",
		"pool_empty_acquires_total", "pool_idle_connections", "pool_max_connections")
}

func TestTheLeaseAndTheQueueAreShown(t *testing.T) {
	t.Parallel()
	m := New("", "")
	leading, term := true, int64(7)
	m.WatchLease(func() (bool, int64) { return leading, term })
	m.ObserveTriggers(true)
	m.ObserveQueue(Queue{Entries: 3, Teams: 2, Oldest: 1500 * time.Millisecond})
	page := func() string { return scrape(t, Handler(m, readyHealth()), "/metrics") }
	wantLines := func(lines ...string) {
		t.Helper()
		shown := page()
		for _, line := range lines {
			if !strings.Contains(shown, "\nlitellm_reconciler_"+line+"\n") {
				t.Errorf("%s is not shown", line)
			}
		}
	}
	wantLines("leader 1", "lease_term 7", "triggers_installed 1", "queue_entries 3", "queue_teams 2", "queue_oldest_seconds 1.5")
	leading = false
	m.ObserveTriggers(false)
	m.ObserveQueue(Queue{})
	wantLines("leader 0", "lease_term 7", "triggers_installed 0", "queue_entries 0", "queue_teams 0", "queue_oldest_seconds 0")
}

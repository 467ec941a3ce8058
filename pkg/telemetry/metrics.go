// Package telemetry tells the outside how the daemon fares: metrics, health,
// and the HTTP listener for both. It knows nothing of how a pass works; whoever
// runs one describes it in a Pass.
package telemetry

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

const namespace = "litellm_reconciler"

// Metrics holds the metrics of one process. They never carry a team's id, so
// their number does not grow with the installation, and each label value is
// there from the start, so that rate() and increase() see the first event.
type Metrics struct {
	// passes holds what passes report, success when one last succeeded. The two
	// are apart because a job that failed must not push the latter, see Push.
	passes, success *prometheus.Registry
	// process describes this process: of no use once it has ended, and in
	// conflict with node_exporter's own metrics in a textfile.
	process *prometheus.Registry

	drift           *prometheus.GaugeVec
	teams           prometheus.Gauge
	accessGroups    prometheus.Gauge
	danglingRefs    prometheus.Gauge
	mismatches      prometheus.Gauge
	repairs         *prometheus.CounterVec
	serversGranted  prometheus.Counter
	serversRevoked  prometheus.Counter
	ceilingsCreated prometheus.Counter
	ceilingsRemoved prometheus.Counter
	skipped         *prometheus.CounterVec
	failedTeams     prometheus.Counter
	refusals        *prometheus.CounterVec
	results         *prometheus.CounterVec
	duration        *prometheus.HistogramVec
	lastAttempt     prometheus.Gauge
	lastSuccess     prometheus.Gauge
	queue           queueMetrics
	succeeded       atomic.Bool
}

// New returns the metrics of a build, all of them at zero.
func New(version, revision string) *Metrics {
	m := &Metrics{
		passes:  prometheus.NewRegistry(),
		success: prometheus.NewRegistry(),
		process: prometheus.NewRegistry(),
	}
	m.process.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)

	f := factory{promauto.With(m.passes)}
	f.gaugeVec("build_info", "A constant 1, labelled with the build.", "version", "revision", "goversion").
		WithLabelValues(version, revision, runtime.Version()).Set(1)

	m.drift = f.gaugeVec("drift_teams", "Teams that the last scan found drifted, before they were repaired.", "kind")
	m.teams = f.gauge("teams", "Teams that the last scan read.")
	m.accessGroups = f.gauge("access_groups", "Access groups that the last scan read.")
	m.danglingRefs = f.gauge("dangling_group_references", "References from teams to access groups that do not exist, at the last scan.")
	m.mismatches = f.gauge("membership_mismatches", "Access groups whose list of teams disagrees with the teams, at the last scan.")

	m.repairs = f.counterVec("repairs_total", "Repaired teams, by kind of drift.", "kind")
	m.serversGranted = f.counter("servers_granted_total", "MCP servers added to rows of teams.")
	m.serversRevoked = f.counter("servers_revoked_total", "MCP servers taken out of rows of teams.")
	m.ceilingsCreated = f.counter("ceilings_created_total", "Rows that got their first MCP server, which starts to restrict the keys of the team.")
	m.ceilingsRemoved = f.counter("ceilings_removed_total", "Rows that lost their last MCP server, which ends to restrict the keys of the team.")
	m.skipped = f.counterVec("skipped_total", "Teams left alone, by reason; counted in each pass.", "reason")
	m.failedTeams = f.counter("failed_teams_total", "Teams whose repair failed.")
	m.refusals = f.counterVec("guard_refusals_total", "Passes refused before the first write, by the limit exceeded.", "limit")

	m.results = f.counterVec("passes_total", "Passes ended, by trigger and result.", "trigger", "result")
	m.duration = f.passDuration()
	m.lastAttempt = f.gauge("last_attempt_timestamp_seconds", "When the last pass ended, whatever its result; 0 before the first.")
	m.lastSuccess = factory{promauto.With(m.success)}.
		gauge("last_success_timestamp_seconds", "When a pass last ended with the result ok; 0 if none has in this process.")

	m.queue = factory{promauto.With(m.process)}.queue()

	m.createLabels()
	return m
}

func (m *Metrics) createLabels() {
	for _, kind := range kinds() {
		m.drift.WithLabelValues(string(kind))
		m.repairs.WithLabelValues(string(kind))
	}
	for _, reason := range []Reason{ReasonSentinel, ReasonBusy, ReasonGone, ReasonMoved} {
		m.skipped.WithLabelValues(string(reason))
	}
	for _, limit := range []Limit{LimitRevokedFraction, LimitEmptySource, LimitCeilingsCreated, LimitCeilingsRemoved} {
		m.refusals.WithLabelValues(string(limit))
	}
	for _, trigger := range []Trigger{TriggerOnce, TriggerSchedule, TriggerEvent} {
		m.duration.WithLabelValues(string(trigger))
		for _, result := range []Result{ResultOK, ResultPartial, ResultRefused, ResultStopped, ResultError} {
			m.results.WithLabelValues(string(trigger), string(result))
		}
	}
}

// Gatherer gathers all metrics, those of the process included.
func (m *Metrics) Gatherer() prometheus.Gatherer {
	return prometheus.Gatherers{m.passes, m.success, m.process}
}

// factory creates and registers metrics under the common prefix.
type factory struct{ promauto.Factory }

func (f factory) gauge(name, help string) prometheus.Gauge {
	return f.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
}

func (f factory) gaugeVec(name, help string, labels ...string) *prometheus.GaugeVec {
	return f.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func (f factory) counter(name, help string) prometheus.Counter {
	return f.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

func (f factory) counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	return f.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

// passDuration has classic buckets for everybody and a native histogram for
// those whose Prometheus asks for one.
func (f factory) passDuration() *prometheus.HistogramVec {
	return f.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace,
		Name:      "pass_duration_seconds",
		Help:      "How long passes took, by trigger.",
		Buckets:   []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300},

		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}, []string{"trigger"})
}

package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Queue is what the leader knows of what the triggers noted.
type Queue struct {
	// Entries are changes that nobody looked into yet, Teams those that wait for
	// a repair, Oldest for how long the first of either does.
	Entries, Teams int
	Oldest         time.Duration
}

type queueMetrics struct {
	installed, entries, teams, oldest prometheus.Gauge
	waited                            prometheus.Histogram
}

func (f factory) queue() queueMetrics {
	return queueMetrics{
		installed: f.gauge("triggers_installed", "1 if all triggers on LiteLLM's tables are there, as the leader saw last."),
		entries:   f.gauge("queue_entries", "Changes that the triggers noted and nobody looked into yet, as the leader saw last."),
		teams:     f.gauge("queue_teams", "Teams in the queue that wait for a repair, as the leader saw last."),
		oldest:    f.gauge("queue_oldest_seconds", "How long the first of them has been waiting; 0 if there are none."),
		waited: f.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace,
			Name:      "event_delay_seconds",
			Help:      "Time from the beginning of LiteLLM's transaction to the repair of each team that it changed something for.",
			Buckets:   []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300},

			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}),
	}
}

// ObserveTriggers notes whether all triggers are as they should be.
func (m *Metrics) ObserveTriggers(installed bool) {
	value := 0.0
	if installed {
		value = 1
	}
	m.queue.installed.Set(value)
}

// ObserveQueue notes how the queue is.
func (m *Metrics) ObserveQueue(q Queue) {
	m.queue.entries.Set(float64(q.Entries))
	m.queue.teams.Set(float64(q.Teams))
	m.queue.oldest.Set(q.Oldest.Seconds())
}

// ObserveWait notes for how long teams of the queue had to wait.
func (m *Metrics) ObserveWait(waited ...time.Duration) {
	for _, w := range waited {
		m.queue.waited.Observe(w.Seconds())
	}
}

package telemetry

import "github.com/prometheus/client_golang/prometheus"

// WatchLease adds what this copy knows of the election to the metrics.
func (m *Metrics) WatchLease(status func() (leading bool, term int64)) {
	gauge := func(name, help string, value func() float64) {
		m.process.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, value))
	}
	gauge("leader", "1 in the copy that leads, by its own clock, 0 in those that stand by.", func() float64 {
		if leading, _ := status(); leading {
			return 1
		}
		return 0
	})
	gauge("lease_term", "The term that this copy last saw in the database: one more with each change of leader; 0 before it saw one.", func() float64 {
		_, term := status()
		return float64(term)
	})
}

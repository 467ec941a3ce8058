package telemetry

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// WatchPool adds the statistics of the connection pool to the metrics. It
// panics when called twice, as the two pools could not be told apart.
func (m *Metrics) WatchPool(pool *pgxpool.Pool) {
	m.process.MustRegister(newPoolCollector(pool.Stat))
}

type poolCollector struct {
	stat    func() *pgxpool.Stat
	metrics []poolMetric
}

type poolMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*pgxpool.Stat) float64
}

func newPoolCollector(stat func() *pgxpool.Stat) poolCollector {
	metric := func(kind prometheus.ValueType, name, help string, value func(*pgxpool.Stat) float64) poolMetric {
		desc := prometheus.NewDesc(prometheus.BuildFQName(namespace, "pool", name), help, nil, nil)
		return poolMetric{desc, kind, value}
	}
	const gauge, counter = prometheus.GaugeValue, prometheus.CounterValue
	return poolCollector{stat, []poolMetric{
		metric(gauge, "acquired_connections", "Database connections in use.",
			func(s *pgxpool.Stat) float64 { return float64(s.AcquiredConns()) }),
		metric(gauge, "idle_connections", "Database connections that are open and not in use.",
			func(s *pgxpool.Stat) float64 { return float64(s.IdleConns()) }),
		metric(gauge, "connections", "Database connections in use, idle, or being opened.",
			func(s *pgxpool.Stat) float64 { return float64(s.TotalConns()) }),
		metric(gauge, "max_connections", "Most database connections the pool opens.",
			func(s *pgxpool.Stat) float64 { return float64(s.MaxConns()) }),
		metric(counter, "acquires_total", "Connections taken from the pool.",
			func(s *pgxpool.Stat) float64 { return float64(s.AcquireCount()) }),
		metric(counter, "empty_acquires_total", "Connections taken from the pool that had to be waited for.",
			func(s *pgxpool.Stat) float64 { return float64(s.EmptyAcquireCount()) }),
		metric(counter, "canceled_acquires_total", "Waits for a connection that were given up.",
			func(s *pgxpool.Stat) float64 { return float64(s.CanceledAcquireCount()) }),
		metric(counter, "acquire_duration_seconds_total", "Time spent on taking connections from the pool.",
			func(s *pgxpool.Stat) float64 { return s.AcquireDuration().Seconds() }),
	}}
}

func (c poolCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range c.metrics {
		ch <- m.desc
	}
}

func (c poolCollector) Collect(ch chan<- prometheus.Metric) {
	stat := c.stat()
	for _, m := range c.metrics {
		ch <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(stat))
	}
}

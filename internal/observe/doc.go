// Package observe makes the Grafana dashboard, and its tests see that dashboard
// and alerts of the chart ask for what the program exports: promtool accepts
// and tries the alerts, and a real Prometheus scrapes the program as it is built
// while things go wrong.
package observe

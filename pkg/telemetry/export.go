package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
)

// pushTimeout bounds a push whose context has no deadline: a cron job must not
// hang because of its metrics.
const pushTimeout = 15 * time.Second

// WriteTextfile writes the metrics of passes to a file for the textfile
// collector of node_exporter, which reads files named *.prom. A reader sees the
// old file or the new one, never a part.
func (m *Metrics) WriteTextfile(path string) error {
	if err := prometheus.WriteToTextfile(path, prometheus.Gatherers{m.passes, m.success}); err != nil {
		return fmt.Errorf("writing metrics to the file %s, its directory must exist and be writable: %w", path, err)
	}
	return nil
}

// Push sends the metrics of passes to a Pushgateway, as the group of the job.
//
// It replaces each metric it sends and leaves the others of the group (POST,
// not PUT). A job starts anew each time, so after a failure it does not know
// when one last succeeded: it then sends no such time, and the gateway keeps
// the one it has.
func (m *Metrics) Push(ctx context.Context, gateway, job string) error {
	target, err := parseGateway(gateway)
	if err != nil {
		return err
	}
	// Credentials go into a header, because errors of the pusher show the URL.
	user := target.User
	target.User = nil

	pusher := push.New(target.String(), job).Gatherer(m.passes).Client(&http.Client{
		Timeout:   pushTimeout,
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
	})
	if m.succeeded.Load() {
		pusher.Gatherer(m.success)
	}
	if user != nil {
		password, _ := user.Password()
		pusher.BasicAuth(user.Username(), password)
	}
	if err := pusher.AddContext(ctx); err != nil {
		return fmt.Errorf("pushing metrics: %w", singleLine{err})
	}
	return nil
}

// parseGateway does not pass on the errors of net/url, as they show the URL,
// and with it a password.
func parseGateway(gateway string) (*url.URL, error) {
	if !strings.Contains(gateway, "://") {
		gateway = "http://" + gateway
	}
	target, err := url.Parse(gateway)
	if err != nil || target.Host == "" || target.RawQuery != "" || (target.Scheme != "http" && target.Scheme != "https") {
		return nil, errors.New("pushing metrics: the address of the Pushgateway is not valid, use one such as http://pushgateway:9091")
	}
	return target, nil
}

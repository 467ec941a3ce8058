package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/exporter-toolkit/web"
)

// drainTimeout is how long a shutdown waits for requests in progress.
const drainTimeout = 5 * time.Second

const landingPage = `<!DOCTYPE html>
<html lang="en">
<head><title>litellm-reconciler</title></head>
<body>
<h1>litellm-reconciler</h1>
<ul>
<li><a href="metrics">metrics</a></li>
<li><a href="livez">livez</a></li>
<li><a href="readyz">readyz</a></li>
</ul>
</body>
</html>
`

// Handler serves /metrics, /livez, /readyz and a page of links to them.
func Handler(m *Metrics, h *Health) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.Gatherer(), promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /livez", h.Livez)
	mux.HandleFunc("GET /readyz", h.Readyz)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, landingPage) // a client that has gone needs no answer
	})
	return mux
}

// Server serves HTTP on one address, with the TLS, basic authentication and
// headers of an exporter-toolkit web configuration file.
//
// The file covers every path, /livez and /readyz included: the toolkit wraps
// the handler as a whole. With TLS a kubelet probe needs "scheme: HTTPS" (the
// kubelet does not verify the certificate); with basic authentication it needs
// an Authorization header among its httpHeaders, in clear in the pod's spec.
// Where client certificates are required only an exec probe is left, as the
// kubelet presents none to a pod. The file is read again on each request: one that
// breaks later makes every path answer 500, so /livez fails too.
type Server struct {
	listener      net.Listener
	webConfigFile string
	handler       http.Handler
	logger        *slog.Logger
}

// ErrWebConfig is wrapped when the web configuration file is at fault.
var ErrWebConfig = errors.New("reading web.config_file")

// Listen checks the web configuration file, if one is named, and takes the
// address. What can be wrong with either is found here, before anything runs.
func Listen(ctx context.Context, address, webConfigFile string, handler http.Handler, logger *slog.Logger) (*Server, error) {
	if err := web.Validate(webConfigFile); err != nil {
		return nil, fmt.Errorf("%w %s: %s", ErrWebConfig, webConfigFile, withoutValues(err))
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on web.listen_address %q, set it to a free host:port: %w", address, err)
	}
	return &Server{listener: listener, webConfigFile: webConfigFile, handler: handler, logger: logger}, nil
}

// Addr returns the address the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Serve answers requests until ctx is done, and then waits shortly for those in
// progress. It returns nil after such a shutdown. It can be called once.
func (s *Server) Serve(ctx context.Context) error {
	server := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
	}
	drained := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { drained <- drain(ctx, server) })

	err := web.Serve(s.listener, server, &web.FlagConfig{WebConfigFile: &s.webConfigFile}, s.logger)
	if stop() { // it ended by itself
		_ = s.listener.Close()
		return fmt.Errorf("serving HTTP on %s: %w", s.Addr(), err)
	}
	if err := <-drained; err != nil {
		return fmt.Errorf("shutting the HTTP server on %s down: %w", s.Addr(), err)
	}
	return nil
}

func drain(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// withoutValues returns the text of an error without the values that the YAML
// library quotes in backticks: one of them may be a password in the wrong place.
func withoutValues(err error) string {
	return regexp.MustCompile("`[^`]*`").ReplaceAllString(singleLine{err}.Error(), "(value)")
}

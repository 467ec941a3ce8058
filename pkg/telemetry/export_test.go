package telemetry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func observed(result Result) *Metrics {
	m := New("1.2.3", "abcdef0")
	m.ObservePass(Pass{Trigger: TriggerOnce, Result: result, Started: started, Duration: time.Second, ServersGranted: 5})
	return m
}

func TestWriteTextfile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "litellm_reconciler.prom")
	writeFile(t, path, "the text of an earlier job")
	if err := observed(ResultOK).WriteTextfile(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nlitellm_reconciler_servers_granted_total 5\n",
		"\nlitellm_reconciler_last_success_timestamp_seconds 1.795435201e+09\n",
		"\nlitellm_reconciler_passes_total{result=\"ok\",trigger=\"once\"} 1\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in the file", want)
		}
	}
	for _, other := range []string{"earlier job", "\ngo_", "\nprocess_"} {
		if strings.Contains(string(text), other) {
			t.Errorf("%q in the file", other)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o644 {
		t.Errorf("mode %s: node_exporter runs as another user", info.Mode())
	}
	if left, _ := filepath.Glob(path + "?*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWriteTextfileNamesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none", "litellm_reconciler.prom")
	err := observed(ResultOK).WriteTextfile(path)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "writing metrics to the file "+path) {
		t.Errorf("error %v", err)
	}
}

// gateway is a Pushgateway that keeps the last request.
type gateway struct {
	*httptest.Server
	method, path, user, password, body string
}

func newGateway(t *testing.T, status int, answer string) *gateway {
	t.Helper()
	g := &gateway{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.method, g.path, g.body = r.Method, r.URL.Path, string(body)
		g.user, g.password, _ = r.BasicAuth()
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) withCredentials() string {
	return strings.Replace(g.URL, "http://", "http://pusher:hunter2@", 1) + "/prefix"
}

func TestPushReplacesWhatTheJobPushed(t *testing.T) {
	t.Parallel()
	g := newGateway(t, http.StatusOK, "")
	if err := observed(ResultOK).Push(t.Context(), g.withCredentials(), "litellm_reconciler"); err != nil {
		t.Fatal(err)
	}
	if g.method != http.MethodPost || g.path != "/prefix/metrics/job/litellm_reconciler" {
		t.Errorf("request %s %s", g.method, g.path)
	}
	if g.user != "pusher" || g.password != "hunter2" {
		t.Errorf("credentials %q, %q", g.user, g.password)
	}
	for _, want := range []string{"servers_granted_total", "last_attempt_timestamp_seconds", "last_success_timestamp_seconds"} {
		if !strings.Contains(g.body, namespace+"_"+want) {
			t.Errorf("no %s was pushed", want)
		}
	}
	if strings.Contains(g.body, "process_") {
		t.Error("metrics of a process that has ended were pushed")
	}
}

func TestPushAfterAFailureKeepsTheLastSuccessOfTheGateway(t *testing.T) {
	t.Parallel()
	for _, result := range []Result{ResultPartial, ResultRefused, ResultError} {
		g := newGateway(t, http.StatusAccepted, "")
		if err := observed(result).Push(t.Context(), strings.TrimPrefix(g.URL, "http://"), "nightly"); err != nil {
			t.Fatal(err)
		}
		if g.method != http.MethodPost || g.path != "/metrics/job/nightly" {
			t.Errorf("%s: request %s %s", result, g.method, g.path)
		}
		if !strings.Contains(g.body, "last_attempt_timestamp_seconds") || strings.Contains(g.body, "last_success_timestamp_seconds") {
			t.Errorf("%s: pushed a time of the last success, or no attempt", result)
		}
	}
}

func TestPushErrorsHoldNoCredentials(t *testing.T) {
	t.Parallel()
	refusing := newGateway(t, http.StatusBadRequest, "pushed metrics are\ninvalid\n")
	closed := newGateway(t, http.StatusOK, "")
	closed.Close()
	for name, c := range map[string]struct{ url, want string }{
		"refused":          {refusing.withCredentials(), "unexpected status code 400"},
		"not reachable":    {closed.withCredentials(), "connection refused"},
		"no host":          {"http://", "address of the Pushgateway is not valid"},
		"not HTTP":         {"ftp://pusher:hunter2@host", "address of the Pushgateway is not valid"},
		"slash in it":      {"http://pusher:hunter2/x@host", "address of the Pushgateway is not valid"},
		"percent in it":    {"http://pusher:hunter2%@host", "address of the Pushgateway is not valid"},
		"token in a query": {"http://host/?token=hunter2", "address of the Pushgateway is not valid"},
	} {
		err := observed(ResultOK).Push(t.Context(), c.url, "litellm_reconciler")
		if err == nil || !strings.HasPrefix(err.Error(), "pushing metrics: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q shows the password, or more than a line", name, err)
		}
	}
}

func TestPushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	g := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(g.Close)
	if err := observed(ResultOK).Push(ctx, g.URL, "litellm_reconciler"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

package telemetry

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func readyHealth() *Health {
	h := NewHealth(time.Minute, func() time.Time { return started })
	h.Succeeded(started)
	return h
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	return w
}

func scrape(t *testing.T, h http.Handler, path string) string {
	t.Helper()
	w := get(t, h, path)
	if w.Code != http.StatusOK {
		t.Fatalf("%s answers %d", path, w.Code)
	}
	return w.Body.String()
}

func TestHealth(t *testing.T) {
	t.Parallel()
	errDown := errors.New("connecting to the database:\n\tconnection refused")
	errLedger := errors.New("ledger schema missing, run migrate")

	now := started
	h := NewHealth(5*time.Minute, func() time.Time { return now })
	handler := Handler(New("", ""), h)
	for _, step := range []struct {
		name   string
		do     func()
		status int
		line   string
	}{
		{"before the first pass", func() {},
			503, "no pass has succeeded yet"},
		{"after a first pass that failed", func() { h.Failed(errDown) },
			503, "no pass has succeeded yet: connecting to the database: connection refused"},
		{"after a success", func() { h.Succeeded(now) },
			200, "ok"},
		{"at the limit", func() { now = now.Add(5 * time.Minute) },
			200, "ok"},
		{"after the limit", func() { now = now.Add(2 * time.Minute) },
			503, "last successful pass was 7m0s ago, limit 5m0s"},
		{"after another success", func() { h.Succeeded(now) },
			200, "ok"},
		{"after a failure within the limit", func() { h.Failed(errDown); now = now.Add(time.Minute) },
			200, "ok"},
		{"after failures beyond the limit", func() { now = now.Add(4*time.Minute + time.Second) },
			503, "last successful pass was 5m1s ago, limit 5m0s: connecting to the database: connection refused"},
		{"after yet another success", func() { h.Succeeded(now) },
			200, "ok"},
		{"when blocked", func() { h.Blocked(errLedger) },
			503, "ledger schema missing, run migrate"},
		{"after a failure while blocked", func() { h.Failed(errDown) },
			503, "ledger schema missing, run migrate"},
		{"after a success that ends the block", func() { h.Succeeded(now) },
			200, "ok"},
		{"after the limit, with the earlier errors forgotten", func() { now = now.Add(time.Hour) },
			503, "last successful pass was 1h0m0s ago, limit 5m0s"},
	} {
		step.do()
		w := get(t, handler, "/readyz")
		if w.Code != step.status || w.Body.String() != step.line+"\n" {
			t.Errorf("%s: /readyz answers %d %q, want %d %q", step.name, w.Code, w.Body, step.status, step.line)
		}
		if w := get(t, handler, "/livez"); w.Code != http.StatusOK || w.Body.String() != "ok\n" {
			t.Errorf("%s: /livez answers %d %q", step.name, w.Code, w.Body)
		}
	}
}

func TestHandlerLinksWhatItServes(t *testing.T) {
	t.Parallel()
	handler := Handler(New("1.2.3", "abcdef0"), readyHealth())
	landing := scrape(t, handler, "/")
	for _, path := range []string{"metrics", "livez", "readyz"} {
		if !strings.Contains(landing, `href="`+path+`"`) {
			t.Errorf("no link to %s", path)
		}
		scrape(t, handler, "/"+path)
	}
	if w := get(t, handler, "/else"); w.Code != http.StatusNotFound {
		t.Errorf("/else answers %d", w.Code)
	}
}

func TestMetricsAreServedAsOpenMetricsOnRequest(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody)
	r.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	w := httptest.NewRecorder()
	Handler(New("", ""), readyHealth()).ServeHTTP(w, r)
	if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/openmetrics-text") {
		t.Errorf("Content-Type %q", got)
	}
	if !strings.HasSuffix(w.Body.String(), "# EOF\n") {
		t.Error("no end mark")
	}
}

func TestHealthOfACopyThatMayStandBy(t *testing.T) {
	t.Parallel()
	h := NewHealth(time.Minute, func() time.Time { return started })
	stands, obstacle := false, error(nil)
	h.Follow(func() (bool, error) { return stands, obstacle })
	handler := Handler(New("", ""), h)
	for _, step := range []struct {
		name   string
		do     func()
		status int
		line   string
	}{
		{"at first", func() {}, 503, "no pass has succeeded yet"},
		{"it stands by", func() { stands = true }, 200, "ok"},
		{"it could not take over", func() { obstacle = errors.New("a right is missing") }, 503, "a right is missing"},
		{"it leads", func() { stands, obstacle = false, nil; h.Began(); h.Succeeded(started) }, 200, "ok"},
		{"it can write no more", func() { h.Failed(errors.New("failed")); h.Blocked(errors.New("blocked")) }, 503, "blocked"},
		{"another one leads", func() { stands = true }, 200, "ok"},
		{"it leads again, and has made no pass yet", func() { stands = false; h.Began() }, 503, "no pass has succeeded yet"},
		{"a pass of the new term", func() { h.Succeeded(started) }, 200, "ok"},
		{"a new term forgets a success", func() { h.Began() }, 503, "no pass has succeeded yet"},
	} {
		step.do()
		w := get(t, handler, "/readyz")
		if line := strings.TrimSuffix(w.Body.String(), "\n"); w.Code != step.status || line != step.line {
			t.Errorf("%s: %d %q, want %d %q", step.name, w.Code, line, step.status, step.line)
		}
	}
}

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"litellm-reconciler/internal/pgtest"
)

func TestOnceLeavesItsMetricsInAFile(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	path := filepath.Join(t.TempDir(), "litellm.prom")

	once(t, db, 0, "--metrics-textfile="+path)

	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.New(strings.NewReader(string(content))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("not metrics as they should be: %v %v", err, problems)
	}
	wantTexts(t, string(content),
		`litellm_reconciler_repairs_total{kind="missing_row"} 1`, `litellm_reconciler_passes_total{result="ok",trigger="once"} 1`)
	if strings.Contains(string(content), "go_goroutines") {
		t.Error("the file has metrics of the process, which has ended")
	}
}

func TestOnceSendsItsMetricsToAPushgateway(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	type push struct {
		method, path string
		size         int
		user         string
	}
	pushed := make(chan push, 10)
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		pushed <- push{r.Method, r.URL.Path, len(body), user + ":" + password}
	}))
	t.Cleanup(gateway.Close)

	for job, path := range map[string]string{
		"litellm_reconciler": "/metrics/job/litellm_reconciler",
		"team-a/reconciler":  "/metrics/job@base64/dGVhbS1hL3JlY29uY2lsZXI", // as Pushgateways take a name with a slash
	} {
		once(t, db, 0, "--metrics-pushgateway-url="+strings.Replace(gateway.URL, "://", "://who:secret@", 1), "--metrics-pushgateway-job="+job)
		if len(pushed) != 1 {
			t.Fatalf("%d requests", len(pushed))
		}
		if got := <-pushed; got.method != http.MethodPost || got.path != path || got.size == 0 || got.user != "who:secret" {
			t.Errorf("of %s the gateway got %+v", job, got)
		}
	}
}

func TestMetricsThatCannotBeLeftAreSaidAndChangeNoExitCode(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")

	r := once(t, db, 0, "--metrics-textfile=/does/not/exist.prom", "--metrics-pushgateway-url=http://who:secret@127.0.0.1:1")

	wantServers(t, db, "a", "github")
	wantTexts(t, r.stderr, "metrics were not written", "/does/not/exist.prom", "metrics were not pushed", "127.0.0.1:1")
	if strings.Contains(r.stderr, "secret") {
		t.Errorf("a secret in the log: %s", r.stderr)
	}
}

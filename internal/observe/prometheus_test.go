package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// find finds a program of Prometheus: on PATH, or where make prometheus puts it.
func find(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	path, err := filepath.Abs("../../bin/tools/prometheus/" + name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("no %s found: make prometheus, or install Prometheus: %v", name, err)
	}
	return path
}

// promtool wants promtool to be content, and returns what it says.
func promtool(t *testing.T, args ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), find(t, "promtool"), args...).CombinedOutput()
	if err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

// target is where Prometheus scrapes a copy, and of which installation it is.
type target struct{ job, address string }

// prometheus is a Prometheus that scrapes and evaluates every second.
type prometheus struct{ address string }

// scrape starts a Prometheus with rules, and with flags. It is told to end with the test.
func scrape(t *testing.T, rules string, targets []target, flags ...string) prometheus {
	t.Helper()
	dir := t.TempDir()
	config := "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nrule_files: [rules.yaml]\nscrape_configs:\n"
	jobs := map[string]string{}
	for i, x := range targets {
		jobs[x.job] += fmt.Sprintf("      - {targets: [%q], labels: {namespace: litellm, pod: pod-%d}}\n", x.address, i)
	}
	for job, copies := range jobs {
		config += fmt.Sprintf("  - job_name: %s\n    static_configs:\n%s", job, copies)
	}
	for name, text := range map[string]string{"config.yaml": config, "rules.yaml": rules} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// A free port can be taken by somebody else before Prometheus binds it.
	var p prometheus
	var err error
	for range 5 {
		if p, err = run(t, dir, flags); err == nil {
			return p
		}
	}
	t.Fatal(err)
	return p
}

// run starts a Prometheus on a free port and waits until it is ready.
func run(t *testing.T, dir string, flags []string) (prometheus, error) {
	t.Helper()
	address, err := freeAddress(t)
	if err != nil {
		return prometheus{}, err
	}
	p := prometheus{address}
	var log strings.Builder
	cmd := exec.CommandContext(t.Context(), find(t, "prometheus"), append([]string{"--config.file=" + filepath.Join(dir, "config.yaml"),
		"--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + p.address, "--log.level=warn"}, flags...)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // before its directory is removed
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return p, err
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // it is told to end
	}()
	t.Cleanup(func() {
		<-exited
		if t.Failed() {
			t.Logf("the log of Prometheus:\n%s", log.String())
		}
	})
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		_, err := p.get(t.Context(), "/-/ready")
		if err == nil {
			return p, nil
		}
		select {
		case <-exited:
			return p, fmt.Errorf("starting prometheus: it ended: %s", log.String())
		default:
		}
		if time.Now().After(deadline) {
			return p, fmt.Errorf("waiting for prometheus: %w", err)
		}
	}
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) (string, error) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func (p prometheus) get(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %d: %s", path, response.StatusCode, body)
	}
	return body, err
}

// query returns the labels of each time series that PromQL finds now.
func (p prometheus) query(ctx context.Context, expr string) (found []map[string]string, err error) {
	var answer struct {
		Data struct {
			Result []struct{ Metric map[string]string }
		}
	}
	body, err := p.get(ctx, "/api/v1/query?query="+url.QueryEscape(expr))
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	for _, r := range answer.Data.Result {
		found = append(found, r.Metric)
	}
	return found, err
}

// alert is one that fires.
type alert struct{ Labels, Annotations map[string]string }

// firing returns the alerts that fire now, by job.
func (p prometheus) firing(t *testing.T) (map[string][]alert, error) {
	t.Helper()
	var answer struct {
		Data struct {
			Alerts []struct {
				alert
				State string
			}
		}
	}
	body, err := p.get(t.Context(), "/api/v1/alerts")
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	firing := map[string][]alert{}
	for _, a := range answer.Data.Alerts {
		if job := a.Labels["job"]; a.State == "firing" {
			firing[job] = append(firing[job], a.alert)
		}
	}
	return firing, err
}

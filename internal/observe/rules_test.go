package observe

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// rule records or alerts.
type rule struct {
	Record, Alert, Expr, For string
	Labels, Annotations      map[string]string
}

func parse(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func rules(t *testing.T) (all []rule) {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []rule }
	}
	parse(t, rulesFile, &file)
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// alerts are the names of all alerts, sorted.
func alerts(t *testing.T) (names []string) {
	t.Helper()
	for _, r := range rules(t) {
		if r.Alert != "" {
			names = append(names, r.Alert)
		}
	}
	slices.Sort(names)
	return names
}

func TestPromtoolAcceptsTheRules(t *testing.T) {
	t.Parallel()
	// Not with --lint-fatal, which the Prometheus of Ubuntu 22.04 does not know.
	if said := promtool(t, "check", "rules", rulesFile); strings.Contains(said, "duplicate") {
		t.Error(said)
	}
}

// trials are the files that promtool runs, with what they put in and expect.
func trials(t *testing.T) map[string]trial {
	t.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no trials: %v", err)
	}
	found := map[string]trial{}
	for _, file := range files {
		var x trial
		parse(t, file, &x)
		found[file] = x
	}
	return found
}

type trial struct {
	Tests []struct {
		Input []struct{ Series string } `yaml:"input_series"`
		Tries []struct {
			Samples []struct{ Labels string } `yaml:"exp_samples"`
		} `yaml:"promql_expr_test"`
	}
}

func TestTheAlertsFireWhenTheyShouldAndNoOther(t *testing.T) {
	t.Parallel()
	for file := range trials(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			promtool(t, "test", "rules", file)
		})
	}
}

func TestEachAlertIsTried(t *testing.T) {
	t.Parallel()
	var tried []string
	name := regexp.MustCompile(`alertname="(\w+)"`)
	for _, x := range trials(t) {
		for _, c := range x.Tests {
			quiet := false
			for _, try := range c.Tries {
				quiet = quiet || len(try.Samples) == 0
			}
			for _, try := range c.Tries {
				for _, s := range try.Samples {
					if quiet { // at another time of the same trial
						tried = append(tried, name.FindStringSubmatch(s.Labels)[1])
					}
				}
			}
		}
	}
	slices.Sort(tried)
	if diff := cmp.Diff(alerts(t), slices.Compact(tried)); diff != "" {
		t.Errorf("alerts that are tried to fire, and not to (-there +tried):\n%s", diff)
	}
}

func TestEachAlertTellsWhatItMeansAndWhatToDo(t *testing.T) {
	t.Parallel()
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		want := map[string]string{"runbook": "docs/runbook.md#" + strings.ToLower(r.Alert)}
		for _, key := range []string{"summary", "description"} {
			if want[key] = r.Annotations[key]; want[key] == "" {
				t.Errorf("%s has no %s", r.Alert, key)
			}
		}
		if diff := cmp.Diff(want, r.Annotations); diff != "" {
			t.Errorf("annotations of %s (-want +got):\n%s", r.Alert, diff)
		}
		if s := r.Labels["severity"]; len(r.Labels) != 1 || s != "critical" && s != "warning" {
			t.Errorf("%s has labels %v, want the severity critical or warning", r.Alert, r.Labels)
		}
	}
}

func TestEachAlertHasItsEntryInTheRunbookAndTheOtherWayRound(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	var entries []string
	for _, heading := range regexp.MustCompile(`(?m)^## (LiteLLM\w+)$`).FindAllStringSubmatch(string(text), -1) {
		entries = append(entries, heading[1])
	}
	slices.Sort(entries)
	if diff := cmp.Diff(alerts(t), entries); diff != "" {
		t.Errorf("entries of docs/runbook.md (-alerts +entries):\n%s", diff)
	}
}

package observe

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// selector is a metric in PromQL with the labels that it is selected by.
var selector = regexp.MustCompile(`\b(?:litellm_reconciler|process)_[a-z_]+(?:\{[^}]*\})?`)

// recorded is the name of what a rule records.
var recorded = regexp.MustCompile(`\blitellm_reconciler:[a-z_:]+`)

// ofTarget are labels that come from Prometheus, and one that is what it is.
var ofTarget = regexp.MustCompile(`\b(?:cluster|namespace|job|instance|pod|version)=~?"[^"]*"(?:, )?`)

// label is one that a legend names.
var label = regexp.MustCompile(`\{\{(\w+)\}\}`)

// set puts in what Grafana puts in.
var set = strings.NewReplacer("$cluster", ".*", "$namespace", "litellm", "$job", "healthy", "$__rate_interval", "10s")

// What is not there is found out by asking: a Prometheus that has scraped the
// program, with lease and triggers, after a repair.
func TestWhateverIsAskedForTheProgramExports(t *testing.T) {
	t.Parallel()
	d := start(t, site(t), "--watch-triggers")
	rules, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	p := scrape(t, string(rules), []target{{"healthy", d.Address}})
	native := scrape(t, string(rules), []target{{"healthy", d.Address}}, "--enable-feature=native-histograms")

	for wanted, by := range metricsAskedFor(t) {
		eventually(t, func() error {
			found, err := p.query(t.Context(), wanted)
			if err == nil && len(found) == 0 {
				err = fmt.Errorf("%s is not there, and %s asks for it", wanted, by)
			}
			return err
		})
	}
	for _, panel := range panels(t) {
		for _, q := range panel.Targets {
			for _, p := range []prometheus{p, native} {
				eventually(t, func() error { return shows(t, p, panel, q) })
			}
		}
	}
}

// shows is an error until a panel has something to show, and a legend for it.
func shows(t *testing.T, p prometheus, panel shown, q asked) error {
	t.Helper()
	found, err := p.query(t.Context(), set.Replace(q.Expr))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("panel %q shows nothing for %s", panel.Title, q.Expr)
	}
	for _, series := range found {
		for _, l := range label.FindAllStringSubmatch(q.LegendFormat, -1) {
			if series[l[1]] == "" {
				err = fmt.Errorf("panel %q has a legend with %s, which %s does not give", panel.Title, l[1], q.Expr)
			}
		}
	}
	return err
}

// metricsAskedFor are the selectors of dashboard, rules and trials without the
// labels of the target, and who asks.
func metricsAskedFor(t *testing.T) map[string]string {
	t.Helper()
	asked := map[string]string{}
	ask := func(by, expr string) {
		for _, s := range selector.FindAllString(expr, -1) {
			s = ofTarget.ReplaceAllString(s, "")
			asked[strings.Replace(s, ", }", "}", 1)] = by
		}
	}
	for _, r := range rules(t) {
		ask(r.Alert+r.Record, r.Expr)
		for _, name := range recorded.FindAllString(r.Expr, -1) {
			asked[name] = r.Alert
		}
	}
	for file, x := range trials(t) {
		for _, c := range x.Tests {
			for _, input := range c.Input {
				ask(file, input.Series)
			}
		}
	}
	for _, p := range panels(t) {
		for _, q := range p.Targets {
			ask("panel "+p.Title, q.Expr)
		}
	}
	for wanted := range asked {
		if name, labels, _ := strings.Cut(wanted, "{"); asked[name+"_bucket{"+labels] != "" {
			delete(asked, wanted) // a native histogram: whether it shows, the panels tell
		}
	}
	if len(asked) < 30 {
		t.Fatalf("hardly any metrics are asked for: %q", slices.Sorted(maps.Keys(asked)))
	}
	return asked
}

package observe

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// One Prometheus scrapes them all, and no alert is of another one than it
// should be. What the rules wait for takes seconds here.
func TestTheAlertsFireOfTheProgramAndResolve(t *testing.T) {
	t.Parallel()
	all := installations(t)
	var targets []target
	var running []*replica
	for job, i := range all {
		for _, c := range i.copies {
			targets = append(targets, target{job, c.address})
			if c.db != nil && !c.later {
				running = append(running, c)
			}
		}
	}
	p := scrape(t, hurried(t), targets) // it takes five seconds before it begins
	for _, c := range running {
		c.start(t)
	}
	for _, c := range running {
		c.ready(t)
	}
	eventually(t, func() error {
		firing, err := p.firing(t)
		if err == nil && len(firing) > 0 {
			err = fmt.Errorf("before anything goes wrong alerts fire: %v", firing)
		}
		if err == nil {
			err = p.sees(t, len(running)+1) // and the job
		}
		return err
	})

	for _, i := range all {
		i.wrong()
	}
	seen := map[string]bool{} // not all at a time: some fire for seconds only
	eventually(t, func() error {
		firing, err := p.firing(t)
		for job, i := range all {
			if diff := cmp.Diff(i.alerts, names(t, firing[job])); diff == "" {
				seen[job] = true
			} else if !seen[job] || len(i.alerts) == 0 {
				err = fmt.Errorf("alerts of %s (-want +got):\n%s", job, diff)
			}
		}
		return err
	})

	for _, i := range all {
		i.mended()
	}
	eventually(t, func() error {
		firing, err := p.firing(t)
		if err == nil && len(firing) > 0 {
			err = fmt.Errorf("alerts still fire: %v", firing)
		}
		return err
	})
}

// hurried are the rules with an hour of 10 seconds, and no patience.
func hurried(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	quick := regexp.MustCompile(`(?m)^        for: \w+$`).ReplaceAllString(string(text), "        for: 1s")
	quick = strings.NewReplacer("[1h]", "[10s]", "< 3600", "< 10").Replace(quick)
	if strings.Count(quick, "for: 1s") < 8 || strings.Count(quick, "[10s]") < 4 || strings.Count(quick, "< 10\n") < 2 {
		t.Fatalf("the rules did not get any quicker: %s", quick)
	}
	return quick
}

// sees is an error until that many targets were scraped more than once.
func (p prometheus) sees(t *testing.T, targets int) error {
	t.Helper()
	found, err := p.query(t.Context(), `count_over_time(litellm_reconciler_build_info[1m]) > 1`)
	if err == nil && len(found) != targets {
		err = fmt.Errorf("of %d targets Prometheus has scraped %d", targets, len(found))
	}
	return err
}

// names are those of alerts, without the prefix and sorted.
func names(t *testing.T, as []alert) (short []string) {
	t.Helper()
	for _, a := range as {
		name := strings.TrimPrefix(a.Labels["alertname"], "LiteLLMReconciler")
		if l := a.Labels["limit"]; l != "" {
			name += " " + l
		}
		short = append(short, name)
		if text := fmt.Sprint(a.Annotations); a.Labels["namespace"] != "litellm" || strings.Contains(text, "<") {
			t.Errorf("%s has labels %v and says %s", name, a.Labels, text)
		}
	}
	slices.Sort(short)
	return short
}

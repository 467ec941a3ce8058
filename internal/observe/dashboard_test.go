package observe

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// With UPDATE_DOCS=1 it is written.
func TestTheDashboardOfTheChartIsTheOneThatIsDescribedHere(t *testing.T) {
	t.Parallel()
	want, err := Dashboard()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(dashboardFile, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("make dashboard writes it (-described +in the chart):\n%s", diff)
	}
}

// shown is what Grafana reads of a panel.
type shown struct {
	ID          int
	Type, Title string
	Description string
	Datasource  struct{ Type, UID string }
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct{ Defaults struct{ Unit string } }
	Targets     []asked
}

type asked struct {
	Expr, LegendFormat, RefID string
	Datasource                struct{ Type, UID string }
}

// panels are those of the chart's dashboard that show something.
func panels(t *testing.T) (all []shown) {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct{ Panels []shown }
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		if p.Type != "row" {
			all = append(all, p)
		}
	}
	return all
}

func TestEachPanelIsCompleteAndHasAPlaceOfItsOwn(t *testing.T) {
	t.Parallel()
	ids, places := map[int]string{}, map[[2]int]string{}
	for _, p := range panels(t) {
		if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 || p.Datasource.UID != "${datasource}" {
			t.Errorf("panel %q lacks a description, a unit, a query or the chosen data source", p.Title)
		}
		if before := ids[p.ID]; before != "" {
			t.Errorf("panels %q and %q have one id", before, p.Title)
		}
		ids[p.ID] = p.Title
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				place := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if before := places[place]; before != "" || place[0] >= 24 {
					t.Fatalf("panel %q is over panel %q, or over the edge", p.Title, before)
				}
				places[place] = p.Title
			}
		}
	}
}

func TestEachQueryOfTheDashboardSelectsWhatIsChosen(t *testing.T) {
	t.Parallel()
	for _, p := range panels(t) {
		for _, q := range p.Targets {
			metrics := regexp.MustCompile(`\b(litellm_reconciler|process)_[a-z_]+`).FindAllString(q.Expr, -1)
			chosen := strings.Count(q.Expr, `{cluster=~"$cluster", namespace=~"$namespace", job="$job"`)
			if len(metrics) == 0 || chosen != len(metrics) || q.Datasource.UID != "${datasource}" {
				t.Errorf("panel %q asks %s of %s: not what is chosen", p.Title, q.Expr, q.Datasource.UID)
			}
		}
	}
}

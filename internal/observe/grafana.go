package observe

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// object is one of JSON. Its keys are written in alphabetical order, as Grafana
// does when it exports a dashboard.
type object = map[string]any

// row is a heading and the panels under it.
type row struct {
	title  string
	height int
	panels []panel
}

// panel shows queries.
type panel struct {
	title, about string
	show         object // how, one of the below
	width        int    // of 24
	unit         string
	steps        []step
	names        []name
	none         string // is shown where a query finds nothing
	queries      []query
}

// query is PromQL without the labels that every metric is selected by.
type query struct{ expr, legend string }

// step is a colour from a value on. The first one is that of all values below
// the second.
type step struct {
	from   float64
	colour string
}

// name stands for a value.
type name struct{ value, text, colour string }

// Ways to show: a number, a text, lines, bars, and bars of time in colours.
var (
	number = object{"type": "stat", "options": object{
		"colorMode": "background", "graphMode": "none", "reduceOptions": object{"calcs": []string{"lastNotNull"}},
	}}
	text = object{"type": "stat", "options": object{
		"colorMode": "none", "graphMode": "none", "reduceOptions": object{"calcs": []string{"lastNotNull"}}, "textMode": "name",
	}}
	lines    = series(object{"drawStyle": "line", "fillOpacity": 10, "showPoints": "never"})
	bars     = series(object{"drawStyle": "bars", "fillOpacity": 60, "stacking": object{"group": "A", "mode": "normal"}})
	timeline = object{"type": "state-timeline", "options": object{
		"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true}, "mergeValues": true, "showValue": "auto",
	}}
)

func series(custom object) object {
	return object{"type": "timeseries", "custom": custom, "options": object{
		"legend":  object{"displayMode": "list", "placement": "bottom", "showLegend": true},
		"tooltip": object{"mode": "multi", "sort": "desc"},
	}}
}

// source is the data source that is chosen on the dashboard.
var source = object{"type": "prometheus", "uid": "${datasource}"}

// metric is the name of one, with the labels that a query selects.
var metric = regexp.MustCompile(`\b(?:litellm_reconciler|process)_[a-z_]+(\{)?`)

// chosen has a query select what is chosen on the dashboard.
func chosen(expr string) string {
	const labels = `{cluster=~"$cluster", namespace=~"$namespace", job="$job"`
	return metric.ReplaceAllStringFunc(expr, func(found string) string {
		if name, more := strings.CutSuffix(found, "{"); more {
			return name + labels + ", "
		}
		return found + labels + "}"
	})
}

func (p panel) json(id, x, y, height int) object {
	defaults := object{"unit": p.unit, "min": 0}
	if custom := p.show["custom"]; custom != nil {
		defaults["custom"] = custom
	}
	if p.none != "" {
		defaults["noValue"] = p.none
	}
	if len(p.steps) > 0 {
		var steps []object
		for i, s := range p.steps {
			steps = append(steps, object{"color": s.colour, "value": s.from})
			if i == 0 {
				steps[0]["value"] = nil
			}
		}
		defaults["color"] = object{"mode": "thresholds"}
		defaults["thresholds"] = object{"mode": "absolute", "steps": steps}
	}
	if len(p.names) > 0 {
		names := object{}
		for i, n := range p.names {
			names[n.value] = object{"color": n.colour, "index": i, "text": n.text}
		}
		defaults["mappings"] = []object{{"type": "value", "options": names}}
	}
	var targets []object
	for i, q := range p.queries {
		targets = append(targets, object{
			"datasource": source, "editorMode": "code", "expr": chosen(q.expr), "legendFormat": q.legend,
			"range": p.show["type"] != "stat", "instant": p.show["type"] == "stat", "refId": string(rune('A' + i)),
		})
	}
	return object{
		"id": id, "type": p.show["type"], "title": p.title, "description": p.about, "datasource": source,
		"gridPos": object{"x": x, "y": y, "w": p.width, "h": height},
		"targets": targets, "options": p.show["options"],
		"fieldConfig": object{"defaults": defaults, "overrides": []object{}},
	}
}

// layOut gives each panel its place, from left to right and then further down.
func layOut(rows []row) (panels []object) {
	y := 0
	for _, r := range rows {
		id := len(panels) + 1
		panels = append(panels, object{
			"id": id, "type": "row", "title": r.title, "collapsed": false, "panels": []object{}, "gridPos": object{"x": 0, "y": y, "w": 24, "h": 1},
		})
		x := 0
		y++
		for _, p := range r.panels {
			if x+p.width > 24 {
				x, y = 0, y+r.height
			}
			panels = append(panels, p.json(len(panels)+1, x, y, r.height))
			x += p.width
		}
		y += r.height
	}
	return panels
}

// variable is one whose values are those of a label.
func variable(label, query string, more object) object {
	v := object{
		"name": label, "label": label, "type": "query", "datasource": source, "refresh": 2, "sort": 1,
		"query": object{"query": query, "refId": "variable"},
	}
	for key, value := range more {
		v[key] = value
	}
	return v
}

func encode(dashboard object) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(dashboard)
	return out.Bytes(), err
}

package page

import (
	"fmt"
	"html"
	"math"
	"strings"

	"litellm-reconciler/internal/bench/results"
)

// plot shows a figure of each peer over the number of teams, both axes logarithmic: what grows in proportion is a line
// with the slope of the axes.
type plot struct {
	File, Title string
	lines       []line
	text        func(float64) string
}

type line struct {
	peer   string
	points []point
}

type point struct{ teams, value float64 }

func plots(r *results.Results) []plot {
	var list []plot
	add := func(file, title, work string, unit float64, text func(float64) string, of func(*results.Measurement) []float64) {
		p := plot{File: file, Title: title, text: text}
		for _, peer := range results.Peers() {
			l := line{peer: peer}
			for _, teams := range r.Sizes() {
				if v := results.Median(values(r.At(teams, work, peer), of)) / unit; v > 0 {
					l.points = append(l.points, point{float64(teams), v})
				}
			}
			if len(l.points) > 0 {
				p.lines = append(p.lines, l)
			}
		}
		if len(p.lines) > 0 {
			list = append(list, p)
		}
	}
	add("nothing-time.svg", "Time of a pass, nothing drifted", results.Nothing, 1, seconds, (*results.Measurement).Walls)
	add("missing-time.svg", "Time of a pass, everything missing", results.Missing, 1, seconds, (*results.Measurement).Walls)
	add("missing-memory.svg", "Peak memory of the process, everything missing", results.Missing, 1<<20, mebibytes, (*results.Measurement).Peaks)
	add("missing-lock.svg", "Longest lock on a row, everything missing", results.Missing, 1, seconds, (*results.Measurement).Locks)
	add("event-time.svg", "From an edit to the rows of its three teams, p50", results.Event, 1, seconds, (*results.Measurement).EventP50s)
	return list
}

// mebibytes keeps the powers of ten of an axis round.
func mebibytes(v float64) string { return significant(v) + " MiB" }

func values(m *results.Measurement, of func(*results.Measurement) []float64) []float64 {
	if m == nil {
		return nil
	}
	return of(m)
}

// The drawing, in pixels.
const (
	width, height            = 720, 360
	left, right, top, bottom = 80, 80, 40, 40
)

var colours = map[string]string{results.Ours: "#0b6e4f", results.SQL: "#c8553d", results.Loop: "#8d6a9f", results.Floor: "#7a7a7a"}

// axis maps values to pixels, logarithmically, from one power of ten to another.
type axis struct{ low, high, from, to float64 }

func newAxis(values []float64, from, to float64) axis {
	a := axis{math.Inf(1), math.Inf(-1), from, to}
	for _, v := range values {
		a.low, a.high = min(a.low, math.Floor(math.Log10(v))), max(a.high, math.Ceil(math.Log10(v)))
	}
	if a.low == a.high {
		a.high++
	}
	return a
}

func (a axis) at(v float64) float64 {
	return a.from + (a.to-a.from)*(math.Log10(v)-a.low)/(a.high-a.low)
}

// ticks are the powers of ten.
func (a axis) ticks() []float64 {
	var list []float64
	for e := a.low; e <= a.high; e++ {
		list = append(list, math.Pow(10, e))
	}
	return list
}

func (p plot) svg() string {
	var teams, figures []float64
	for _, l := range p.lines {
		for _, x := range l.points {
			teams, figures = append(teams, x.teams), append(figures, x.value)
		}
	}
	x, y := newAxis(teams, left, width-right), newAxis(figures, height-bottom, top)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12" fill="#333">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", html.EscapeString(p.Title), width, height)
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"22\" font-size=\"14\" font-weight=\"bold\">%s</text>\n", left, html.EscapeString(p.Title))
	for _, v := range y.ticks() {
		fmt.Fprintf(&b, "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
			left, y.at(v), width-right, left-8, y.at(v)+4, p.text(v))
	}
	for _, v := range x.ticks() {
		fmt.Fprintf(&b, "<path d=\"M%.1f %dV%d\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
			x.at(v), top, height-bottom, x.at(v), height-bottom+18, count(int(math.Round(v))))
	}
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">teams</text>\n", (left+width-right)/2, height-6)
	names := p.spread(y)
	for i, l := range p.lines {
		colour := colours[l.peer]
		var path []string
		for _, q := range l.points {
			path = append(path, fmt.Sprintf("%.1f,%.1f", x.at(q.teams), y.at(q.value)))
			fmt.Fprintf(&b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"><title>%s, %s teams: %s</title></circle>\n",
				x.at(q.teams), y.at(q.value), colour, peerTitles[l.peer], count(int(q.teams)), p.text(q.value))
		}
		fmt.Fprintf(&b, "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", strings.Join(path, " "), colour)
		last := l.points[len(l.points)-1]
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\" font-weight=\"bold\">%s</text>\n", x.at(last.teams)+8, names[i]+4, colour, peerTitles[l.peer])
	}
	return b.String() + "</svg>\n"
}

// spread keeps the names at the ends of the lines from lying on one another.
func (p plot) spread(y axis) []float64 {
	const apart = 14
	names := make([]float64, len(p.lines))
	for i, l := range p.lines {
		names[i] = y.at(l.points[len(l.points)-1].value)
	}
	for range len(names) * len(names) {
		for i := range names {
			for j := range i {
				if gap := names[i] - names[j]; math.Abs(gap) < apart {
					shift := math.Copysign((apart-math.Abs(gap))/2, gap)
					names[i], names[j] = names[i]+shift, names[j]-shift
				}
			}
		}
	}
	return names
}

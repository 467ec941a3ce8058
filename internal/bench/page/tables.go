package page

import (
	"fmt"
	"math"
	"strings"
	"time"

	"litellm-reconciler/internal/bench/results"
)

// none stands where nothing was measured.
const none = "–"

var workTitles = map[string]string{
	results.Nothing: "Nothing drifted", results.Few: "0.1 % drifted", results.Missing: "Everything missing",
	results.Revoke: "Everything to revoke", results.Group: "One group edited that a tenth of the teams have",
	results.Event: "One event: a group of three teams was edited",
}

var peerTitles = map[string]string{results.Ours: "ours", results.SQL: "SQL", results.Loop: "loop", results.Floor: "floor"}

type verdict struct{ What, Target, Reached, Judgement string }

func verdicts(r *results.Results) []verdict {
	var list []verdict
	for _, v := range r.Verdicts() {
		amount := func(x float64) string { return strings.TrimSpace(significant(x) + " " + v.Unit) }
		row := verdict{v.What, amount(v.Limit), none, "not measured"}
		if v.Teams != 0 && v.Teams != 100_000 && !strings.Contains(v.What, "teams") {
			row.What += " (at " + count(v.Teams) + " teams)"
		}
		if v.Known() {
			row.Reached, row.Judgement = amount(v.Value), fmt.Sprintf("missed, %s times the target", significant(v.Value/v.Limit))
			if v.Met() {
				row.Judgement = "met"
			}
			if v.Least > v.Limit {
				row.Judgement += ", the floor " + amount(v.Least)
			}
		}
		list = append(list, row)
	}
	return list
}

type size struct {
	Title, Runs string
	Works       []work
}

type work struct {
	Title string
	Rows  []row
}

type row struct{ Peer, Time, CPU, Peak, WAL, Lock, P50, P99 string }

func newSize(r *results.Results, teams int) size {
	s := size{Title: count(teams) + " teams"}
	quiet, busy := 0, 0
	for _, name := range results.Works() {
		w := work{Title: workTitles[name]}
		for _, peer := range results.Peers() {
			if m := r.At(teams, name, peer); m != nil {
				w.Rows = append(w.Rows, newRow(m))
				quiet, busy = max(quiet, len(m.Quiet)), max(busy, len(m.Busy))
			}
		}
		if len(w.Rows) > 0 {
			s.Works = append(s.Works, w)
		}
	}
	s.Runs = fmt.Sprintf("%d quiet and %d busy runs of each", quiet, busy)
	return s
}

func newRow(m *results.Measurement) row {
	p50, p99 := m.Spend()
	r := row{
		Peer: peerTitles[m.Peer], Time: seconds(results.Median(m.Walls())), CPU: seconds(results.Median(m.CPUs())),
		Peak: bytesText(results.Median(m.Peaks())), WAL: bytesText(results.Median(m.WALs())),
		Lock: seconds(results.Median(m.Locks())), P50: threefold(p50), P99: threefold(p99),
	}
	if m.Work == results.Event {
		r.Time = fmt.Sprintf("p50 %s, p99 %s", seconds(results.Median(m.EventP50s())), seconds(results.Median(m.EventP99s())))
	}
	return r
}

func threefold(values [3]float64) string {
	if math.IsNaN(values[0]) {
		return none
	}
	return seconds(values[0]) + " / " + seconds(values[1]) + " / " + seconds(values[2])
}

// seconds is a time in three digits.
func seconds(s float64) string {
	switch {
	case math.IsNaN(s):
		return none
	case s < 1:
		return significant(s*1000) + " ms"
	case s < 600:
		return significant(s) + " s"
	}
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}

func bytesText(b float64) string {
	switch {
	case math.IsNaN(b):
		return none
	case b < 1<<20:
		return significant(b/(1<<10)) + " KiB"
	case b < 1<<30:
		return significant(b/(1<<20)) + " MiB"
	}
	return significant(b/(1<<30)) + " GiB"
}

// significant writes three digits, and never an exponent.
func significant(x float64) string {
	switch {
	case x >= 100 || x == math.Trunc(x):
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// count writes 100000 as 100,000.
func count(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

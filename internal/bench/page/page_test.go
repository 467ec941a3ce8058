package page

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"litellm-reconciler/internal/bench/results"
)

// sample is what one peer came to at two sizes, and another at one of them.
func sample() *results.Results {
	r := &results.Results{
		Date: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Version: "v1.2.3",
		Machine: results.Machine{CPUs: 2, CPU: "a & b", MemoryBytes: 8 << 30, Postgres: "15.20"},
		Program: results.Program{Bytes: 20 << 20}, Options: map[string]string{"clients": "4"}, Settings: map[string]string{"fsync": "on"},
	}
	for _, teams := range []int{10_000, 100_000} {
		m := r.Add(teams, results.Missing, results.Ours)
		m.Quiet = []results.Run{{Wall: float64(teams) / 20_000, CPU: 0.25, PeakBytes: 40 << 20, WALBytes: 3 << 30}}
		m.Busy = []results.Run{{LongestLock: 0.15, Before: &results.Latency{P50: 0.001, P99: 0.002}, During: &results.Latency{P50: 0.002, P99: 0.003},
			After: &results.Latency{P50: 0.001, P99: 0.002}}}
	}
	r.Add(100_000, results.Missing, results.SQL).Quiet = []results.Run{{Wall: 8}}
	return r
}

func TestThePageShowsFiguresTargetsAndMachine(t *testing.T) {
	t.Parallel()
	text, err := render(sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Measured 2026-11-23 with version v1.2.3",
		"| everything missing, against the hand-written transaction | ≤ 0.80 | 0.62 | met |",
		"| longest row lock during it | ≤ 100 ms | 150 ms | missed, 1.50 times the target |",
		"| nothing drifted, against the floor | ≤ 5 | – | not measured |",
		"| binary, stripped | ≤ 25 MiB | 20 MiB | met |",
		"### 10,000 teams",
		"| ours | 5 s | 250 ms | 40 MiB | 3 GiB | 150 ms | 1 ms / 2 ms / 1 ms | 2 ms / 3 ms / 2 ms |",
		"| SQL | 8 s | – | – | – | – | – | – |",
		"| machine | 2 × a & b, 8 GiB,", "| `fsync` | on |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
	for _, never := range []string{"NaN", "Inf", "<no value>", "%!"} {
		if strings.Contains(string(text), never) {
			t.Errorf("the page says %q", never)
		}
	}
}

func TestEveryPlotThatThePageShowsIsWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Write(dir, sample()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "benchmarks.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for part := range strings.SplitSeq(string(text), "](") {
		path, _, _ := strings.Cut(part, ")")
		if strings.HasSuffix(path, ".svg") {
			shown++
			wantDrawing(t, filepath.Join(dir, path))
		}
	}
	memory, err := os.ReadFile(filepath.Join(dir, "benchmarks", "missing-memory.svg"))
	if err != nil || !strings.Contains(string(memory), ">10 MiB<") || !strings.Contains(string(memory), ">100 MiB<") {
		t.Errorf("the axis of memory is not round: %v", err)
	}
	if shown != 3 { // time, memory and locks; nothing else was measured
		t.Errorf("%d plots, want 3", shown)
	}
}

func wantDrawing(t *testing.T, path string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	circles := 0
	decoder := xml.NewDecoder(file)
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if element, ok := token.(xml.StartElement); ok && element.Name.Local == "circle" {
			circles++
		}
	}
	if circles < 2 {
		t.Errorf("%s shows %d points, want one for each size", path, circles)
	}
}

func TestFiguresHaveThreeDigits(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		seconds(0.0012345): "1.23 ms", seconds(0.1): "100 ms", seconds(12.34): "12.3 s", seconds(3661): "1h1m1s", seconds(math.NaN()): none,
		bytesText(512): "0.50 KiB", bytesText(96 << 20): "96 MiB", bytesText(1.5 * (1 << 30)): "1.50 GiB",
		count(7): "7", count(1000): "1,000", count(1234567): "1,234,567", significant(123.4): "123",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestNamesInAPlotDoNotLieOnOneAnother(t *testing.T) {
	t.Parallel()
	var p plot
	for _, value := range []float64{5, 5, 5.1, 9} {
		p.lines = append(p.lines, line{points: []point{{1, value}}})
	}
	names := p.spread(newAxis([]float64{1, 10}, 300, 0))
	for i := range names {
		for j := range i {
			if math.Abs(names[i]-names[j]) < 10 {
				t.Errorf("names at %v", names)
			}
		}
	}
}

func TestAxesGoFromPowerToPowerOfTen(t *testing.T) {
	t.Parallel()
	a := newAxis([]float64{20, 300}, 0, 100)
	if a.at(10) != 0 || a.at(1000) != 100 || a.at(100) != 50 || len(a.ticks()) != 3 {
		t.Errorf("%+v", a)
	}
	if one := newAxis([]float64{100}, 0, 100); one.at(100) != 0 {
		t.Errorf("of one value: %+v", one)
	}
}

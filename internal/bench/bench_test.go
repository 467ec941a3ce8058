package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/bench/page"
	"litellm-reconciler/internal/bench/results"
	_ "litellm-reconciler/pkg/cli" // or a cached result would outlive a change of the program that is built here
)

// TestMain lets this test program be the peers too, as the benchmark is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "peer" {
		if err := command(context.Background(), os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// A run fails by itself where a peer finds another number of drifted teams, or leaves other rows than the program did.
func TestEveryPeerDoesEveryWorkAndAgreesWithTheProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	binary, file := filepath.Join(dir, "litellm-reconciler"), filepath.Join(dir, "results.json")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/litellm-reconciler").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	err := command(t.Context(), []string{"run", "-binary", binary, "-results", file, "-sizes", "1000", "-repetitions", "1", "-busy", "1", "-busy-works", "missing,event", "-durable=false",
		"-window", "100ms", "-starts", "1", "-events", "3", "-slow-events", "1"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := results.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, work := range results.Works() {
		for _, peer := range results.Peers() {
			m := r.At(1000, work, peer)
			if work == results.Event && peer == results.Floor {
				continue // there is nothing like it
			}
			busy := 0
			if work == results.Missing || work == results.Event {
				busy = 1
			}
			if m == nil || len(m.Quiet) != 1 || len(m.Busy) != busy {
				t.Errorf("%s at work %s was not measured", peer, work)
				continue
			}
			wantQuiet(t, work, peer, m.Quiet[0])
			for _, r := range m.Busy {
				wantBusy(t, work, peer, r)
			}
		}
	}
	if r.Program.Bytes == 0 || len(r.Program.FirstStatement) != 1 || r.Program.FirstStatement[0] <= 0 {
		t.Errorf("the program is %+v", r.Program)
	}
	if r.Settings["fsync"] == "" || r.Machine.CPUs == 0 {
		t.Errorf("unknown machine: %v, %v", r.Settings, r.Machine)
	}
}

// wantQuiet wants what a run of a peer cannot be without.
func wantQuiet(t *testing.T, work, peer string, r results.Run) {
	t.Helper()
	if work == results.Event {
		if r.Events == nil || r.Events.P50 <= 0 {
			t.Errorf("%s: no event arrived: %+v", peer, r)
		}
		return
	}
	if r.Wall <= 0 || r.CPU <= 0 || r.PeakBytes < 1<<20 {
		t.Errorf("%s at work %s: %+v", peer, work, r)
	}
	if work != results.Nothing && r.WALBytes == 0 {
		t.Errorf("%s at work %s wrote no WAL", peer, work)
	}
}

func wantBusy(t *testing.T, work, peer string, r results.Run) {
	t.Helper()
	if r.Before == nil || r.After == nil {
		t.Errorf("%s at work %s: no update of spend before and after", peer, work)
	}
	if work == results.Missing && peer == results.SQL && r.LongestLock <= 0 {
		t.Error("a transaction over all teams held no lock")
	}
}

func TestRunsAreAddedToResultsOfTheSameKindAlone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "results.json")
	now := func() *results.Results {
		return &results.Results{Version: "v1", Machine: results.Machine{CPU: "fast", CPUs: 2}}
	}
	former := now()
	former.Add(10, results.Nothing, results.Ours).Quiet = []results.Run{{Wall: 1}}
	if err := former.Save(file); err != nil {
		t.Fatal(err)
	}
	p := plan{results: file}
	r, err := p.former(now())
	if err != nil || len(r.Add(10, results.Nothing, results.Ours).Quiet) != 1 {
		t.Errorf("%v: not to be added to", err)
	}
	for name, change := range map[string]func(*results.Results){
		"version": func(r *results.Results) { r.Version = "v2" }, "processor": func(r *results.Results) { r.Machine.CPU = "faster" },
		"processors": func(r *results.Results) { r.Machine.CPUs = 4 },
	} {
		other := now()
		change(other)
		if _, err := p.former(other); err == nil {
			t.Errorf("added to results of another %s", name)
		}
	}
}

func TestNonsenseIsRefusedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{}, {"fly"}, {"run", "-sizes", "many"}, {"run", "-sizes", "0"}, {"run", "-works", "sleep"}, {"run", "-peers", "ours,nobody"},
		{"run", "-repetitions", "0"}, {"run", "-binary", "nowhere"}, {"check", "-results", "nowhere"},
		{"peer", "-peer", "nobody"},
	} {
		if err := command(t.Context(), args); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}

func TestOfALargeSizeLessIsMeasured(t *testing.T) {
	t.Parallel()
	p := plan{works: []string{results.Nothing, results.Revoke, results.Event}, repetitions: 5, busy: 3,
		large: large{teams: 1000, repetitions: 2, busy: 0, works: []string{results.Missing, results.Event, results.Nothing}}}
	for teams, want := range map[int]string{999: "[nothing revoke event] 5 3", 1000: "[nothing event] 2 0"} {
		works, repetitions, busy := p.of(teams)
		if got := fmt.Sprint(works, repetitions, busy); got != want {
			t.Errorf("%d teams: %s, want %s", teams, got, want)
		}
	}
}

func TestTheOrderOfPeersAlternates(t *testing.T) {
	t.Parallel()
	p := plan{peers: results.Peers(), loopTeams: 10}
	for _, c := range []struct {
		repetition, teams int
		work              string
		want              []string
	}{
		{0, 10, results.Missing, []string{results.Ours, results.SQL, results.Loop, results.Floor}},
		{1, 10, results.Missing, []string{results.Floor, results.Loop, results.SQL, results.Ours}},
		{2, 11, results.Missing, []string{results.Ours, results.SQL, results.Floor}},
		{1, 11, results.Event, []string{results.Loop, results.SQL, results.Ours}},
	} {
		if diff := cmp.Diff(c.want, p.turn(c.repetition, c.work, c.teams)); diff != "" {
			t.Errorf("repetition %d of %s with %d teams (-want +got):\n%s", c.repetition, c.work, c.teams, diff)
		}
	}
}

func TestCheckFailsOnlyWhereARatioIsWorseThanTwiceItsTarget(t *testing.T) {
	t.Parallel()
	measured := func(ours float64) *results.Results {
		r := &results.Results{Program: results.Program{FirstStatement: []float64{60}}}
		r.Add(10, results.Missing, results.Ours).Quiet = []results.Run{{Wall: ours}}
		r.Add(10, results.Missing, results.SQL).Quiet = []results.Run{{Wall: 1}}
		return r
	}
	for ours, fails := range map[float64]bool{0.5: false, 1.5: false, 1.7: true} {
		var out strings.Builder
		if err := check(&out, measured(ours)); (err != nil) != fails {
			t.Errorf("with a ratio of %v: %v\n%s", ours, err, out.String())
		}
	}
	if check(&strings.Builder{}, &results.Results{}) == nil {
		t.Error("a check of nothing passed")
	}
}

func TestThePageIsWhatTheResultsSay(t *testing.T) {
	t.Parallel()
	r, err := results.Load("../../docs/benchmarks.json")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("nothing has been measured yet")
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := page.Write(dir, r); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := filepath.Join("../../docs", strings.TrimPrefix(path, dir))
		got, err := os.ReadFile(name)
		if err != nil || string(got) != string(want) {
			t.Errorf("%s is not up to date, make bench-docs writes it: %v", name, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

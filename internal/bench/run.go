package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"litellm-reconciler/internal/bench/lab"
	"litellm-reconciler/internal/bench/results"
)

// plan is what to measure.
type plan struct {
	lab         lab.Options
	sizes       []int
	works       []string
	peers       []string
	repetitions int
	busy        int
	busyWorks   []string
	large       large
	loopTeams   int
	starts      int
	version     string
	results     string
	add         bool
}

// large are sizes that take so long that less of them is measured.
type large struct {
	teams, repetitions, busy int
	works                    []string
}

// measure reads the plan from the command line and carries it out.
func measure(ctx context.Context, flags *flag.FlagSet, args []string) error {
	var p plan
	sizes := flags.String("sizes", "10000,100000", "numbers of teams")
	works := flags.String("works", strings.Join(results.Works(), ","), "what there is to do")
	peers := flags.String("peers", strings.Join(results.Peers(), ","), "who does it")
	flags.StringVar(&p.lab.Binary, "binary", "bin/litellm-reconciler", "the program")
	flags.IntVar(&p.repetitions, "repetitions", 5, "runs that have the server to themselves, of each peer at each work and size")
	flags.IntVar(&p.busy, "busy", 3, "runs beside clients that update spend, 0 for none")
	busyWorks := flags.String("busy-works", strings.Join(results.Works(), ","), "at which works")
	flags.IntVar(&p.large.teams, "large", 500_000, "from which size on the next three hold")
	largeWorks := flags.String("large-works", "nothing,missing,event", "what there is to do")
	flags.IntVar(&p.large.repetitions, "large-repetitions", 2, "as -repetitions")
	flags.IntVar(&p.large.busy, "large-busy", 1, "as -busy")
	flags.IntVar(&p.loopTeams, "loop-teams", 10_000, "the largest size at which the loop has to go through all teams")
	flags.IntVar(&p.starts, "starts", 20, "starts of the program, for the time to its first statement")
	flags.BoolVar(&p.lab.Durable, "durable", true, "whether Postgres waits for the disk")
	flags.IntVar(&p.lab.Clients, "clients", 4, "clients that update spend")
	flags.IntVar(&p.lab.PerSecond, "per-second", 50, "updates a second of each of them")
	flags.DurationVar(&p.lab.Window, "window", 3*time.Second, "how long they are watched before and after")
	flags.IntVar(&p.lab.Events, "events", 100, "edits that are waited for in a run")
	flags.IntVar(&p.lab.SlowEvents, "slow-events", 5, "the same where a peer is started for each")
	flags.StringVar(&p.results, "results", "docs/benchmarks.json", "file to write")
	flags.BoolVar(&p.add, "add", false, "whether to add the runs to those that the file has, which are to be of the same version and machine")
	flags.StringVar(&p.version, "version", "dev", "version of the program, for the file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := p.complete(*sizes, *works, *busyWorks, *largeWorks, *peers); err != nil {
		return err
	}
	options := map[string]string{}
	flags.VisitAll(func(f *flag.Flag) {
		if !slices.Contains([]string{"binary", "results", "version", "add"}, f.Name) {
			options[f.Name] = f.Value.String()
		}
	})
	return p.run(ctx, options)
}

// complete checks what the flags say, before anything takes time.
func (p *plan) complete(sizes, works, busyWorks, largeWorks, peers string) error {
	for text := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("-sizes: %q is no number of teams", text)
		}
		p.sizes = append(p.sizes, n)
	}
	slices.Sort(p.sizes)
	for _, list := range []struct {
		flag, text string
		known      []string
		into       *[]string
	}{{"works", works, results.Works(), &p.works}, {"busy-works", busyWorks, results.Works(), &p.busyWorks},
		{"large-works", largeWorks, results.Works(), &p.large.works}, {"peers", peers, results.Peers(), &p.peers}} {
		for name := range strings.SplitSeq(list.text, ",") {
			if !slices.Contains(list.known, name) {
				return fmt.Errorf("-%s: %q is none of %s", list.flag, name, strings.Join(list.known, ", "))
			}
			*list.into = append(*list.into, name)
		}
	}
	if p.repetitions < 1 || p.busy < 0 || p.large.repetitions < 1 || p.large.busy < 0 || p.starts < 1 || p.lab.Clients < 1 || p.lab.PerSecond < 1 || p.lab.Events < 1 || p.lab.SlowEvents < 1 {
		return errors.New("there is nothing to count: -repetitions, -large-repetitions, -starts, -clients, -per-second, -events and -slow-events begin at 1, -busy and -large-busy at 0")
	}
	var err error
	if p.lab.Self, err = os.Executable(); err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if p.lab.Binary, err = filepath.Abs(p.lab.Binary); err != nil {
		return fmt.Errorf("finding the program: %w", err)
	}
	if _, err := os.Stat(p.lab.Binary); err != nil {
		return fmt.Errorf("looking for the program: %w: make build makes it", err)
	}
	return nil
}

// run measures all sizes. The results file is written after each repetition, so that an interruption leaves what is done.
func (p *plan) run(ctx context.Context, options map[string]string) (err error) {
	r := &results.Results{Date: time.Now().UTC().Truncate(time.Second), Version: p.version, Machine: lab.ThisMachine(), Options: options}
	if p.add {
		if r, err = p.former(r); err != nil {
			return err
		}
	}
	l, err := lab.Open(ctx, p.lab)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }() //nolint:contextcheck // it cleans up after an interruption too
	settings, err := l.Settings(ctx)
	switch {
	case err != nil:
		return err
	case p.add && !maps.Equal(settings, r.Settings):
		return fmt.Errorf("adding to %s: Postgres was set up as %v, and is as %v", p.results, r.Settings, settings)
	}
	r.Settings, r.Machine.Postgres = settings, settings["server_version"]
	for i, teams := range p.sizes {
		if err := p.size(ctx, l, r, teams, i == 0 && !p.add); err != nil {
			return err
		}
	}
	return nil
}

// former loads the results that are to be added to.
func (p *plan) former(now *results.Results) (*results.Results, error) {
	r, err := results.Load(p.results)
	if err != nil {
		return nil, err
	}
	if r.Version != now.Version || r.Machine.CPU != now.Machine.CPU || r.Machine.CPUs != now.Machine.CPUs {
		return nil, fmt.Errorf("adding to %s: it is of version %s on %d × %s, and this is %s on %d × %s",
			p.results, r.Version, r.Machine.CPUs, r.Machine.CPU, now.Version, now.Machine.CPUs, now.Machine.CPU)
	}
	return r, nil
}

// size measures one size. The repetitions are outermost, so that what is compared was measured close to one another.
func (p *plan) size(ctx context.Context, l *lab.Lab, r *results.Results, teams int, first bool) error {
	slog.Info("building the databases", "teams", teams)
	site, err := l.Build(ctx, teams)
	if err != nil {
		return err
	}
	if first {
		if r.Program, err = site.Program(ctx, p.starts); err != nil {
			return err
		}
	}
	works, repetitions, busy := p.of(teams)
	for i := range max(repetitions, busy) {
		for _, work := range works {
			for _, who := range p.turn(i, work, teams) {
				m := r.Add(teams, work, who)
				if i < repetitions {
					if err := note(&m.Quiet, "quiet", m, i)(site.Quiet(ctx, work, who)); err != nil {
						return err
					}
				}
				if i < busy && slices.Contains(p.busyWorks, work) {
					if err := note(&m.Busy, "busy", m, i)(site.Busy(ctx, work, who)); err != nil {
						return err
					}
				}
			}
		}
		r.Machine.LoadAfter = lab.Load()
		if err := r.Save(p.results); err != nil {
			return err
		}
	}
	return site.Close(ctx)
}

// of is what is measured of a size, and how often.
func (p *plan) of(teams int) (works []string, repetitions, busy int) {
	if teams < p.large.teams {
		return p.works, p.repetitions, p.busy
	}
	works = slices.DeleteFunc(slices.Clone(p.works), func(work string) bool { return !slices.Contains(p.large.works, work) })
	return works, min(p.repetitions, p.large.repetitions), min(p.busy, p.large.busy)
}

// turn is who works in which order: the other way round every time. The loop would take hours at a large size, and the
// floor reacts to nothing.
func (p *plan) turn(repetition int, work string, teams int) []string {
	peers := slices.DeleteFunc(slices.Clone(p.peers), func(who string) bool {
		return who == results.Loop && work != results.Event && teams > p.loopTeams || who == results.Floor && work == results.Event
	})
	if repetition%2 == 1 {
		slices.Reverse(peers)
	}
	return peers
}

// note keeps a run, and shows it.
func note(runs *[]results.Run, kind string, m *results.Measurement, repetition int) func(results.Run, error) error {
	return func(r results.Run, err error) error {
		if err != nil {
			return fmt.Errorf("measuring %s at work %s with %d teams: %w", m.Peer, m.Work, m.Teams, err)
		}
		*runs = append(*runs, r)
		attributes := []any{"teams", m.Teams, "work", m.Work, "peer", m.Peer, "repetition", repetition + 1,
			"wall", r.Wall, "cpu", r.CPU, "peak_mib", r.PeakBytes >> 20, "wal_mib", float64(r.WALBytes) / (1 << 20)}
		if r.During != nil {
			attributes = append(attributes, "lock", r.LongestLock, "p99_before", r.Before.P99, "p99_during", r.During.P99)
		}
		if r.Events != nil {
			attributes = append(attributes, "event_p50", r.Events.P50, "event_p99", r.Events.P99)
		}
		slog.Info(kind, attributes...)
		return nil
	}
}

// Command bench measures litellm-reconciler against what people would use instead of it, on a Postgres of its own:
//
//	bench run    measures, and writes a results file
//	bench check  fails where a ratio in a results file is worse than twice its target
//	bench docs   writes a page with tables and plots from a results file
//
// It also is the peers: "bench peer" does their work, in a process of its own.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"litellm-reconciler/internal/bench/page"
	"litellm-reconciler/internal/bench/peer"
	"litellm-reconciler/internal/bench/results"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for the server to stop
	err := command(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("no command: use run, check or docs")
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	switch args[0] {
	case "run":
		return measure(ctx, flags, args[1:])
	case "peer":
		return work(ctx, flags, args[1:])
	}
	path := flags.String("results", "docs/benchmarks.json", "results file")
	out := flags.String("out", "docs", "directory of the page")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	r, err := results.Load(*path)
	if err != nil {
		return err
	}
	switch args[0] {
	case "check":
		return check(os.Stdout, r)
	case "docs":
		return page.Write(*out, r)
	}
	return fmt.Errorf("unknown command %q: use run, check or docs", args[0])
}

// work does what a peer does, and says what it found in the words of the program.
func work(ctx context.Context, flags *flag.FlagSet, args []string) error {
	var t peer.Task
	flags.StringVar(&t.Peer, "peer", "", "who works")
	flags.StringVar(&t.Work, "work", "", "what there is to do")
	flags.StringVar(&t.Group, "group", "", "the group that was edited")
	flags.IntVar(&t.Rows, "rows", 0, "rows that the floor writes")
	flags.IntVar(&t.Width, "width", 0, "servers in each of them")
	if err := flags.Parse(args); err != nil {
		return err
	}
	drifted, err := peer.Do(ctx, os.Getenv("DATABASE_URL"), t)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]int{"drifted_teams": drifted})
}

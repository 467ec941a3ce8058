// Package cli is the command line: it reads the configuration, puts the parts
// together, runs them once or until stopped, and shows what they did.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/spf13/cobra"

	"litellm-reconciler/pkg/config"
)

// Process is what a command has of the process it runs in.
type Process struct {
	Args              []string
	Getenv            func(string) string
	Stdin             io.Reader
	Stdout, Stderr    io.Writer
	Version, Revision string
}

// Exit codes.
const (
	exitOK      = 0
	exitError   = 1
	exitDrift   = 2
	exitRefused = 3
	exitUsage   = 64
)

// exit is an error that carries the exit code. Without an error of its own it
// ends the process silently.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

func usage(err error) error { return exit{exitUsage, err} }

// Run runs the command that the arguments name and returns its exit code. An
// error is printed here and nowhere else.
func Run(ctx context.Context, p Process) int {
	root := Command(p) //nolint:contextcheck // cobra hands the context on
	root.SetArgs(p.Args)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	// What is not an exit comes from cobra: an unknown command or flag.
	code := exitUsage
	var e exit
	if errors.As(err, &e) {
		code = e.code
	}
	if text := err.Error(); text != "" {
		_, _ = fmt.Fprintln(p.Stderr, "litellm-reconciler: "+withoutKeys(text))
	}
	return code
}

// keyLike is a virtual key, or the hash of one: somebody may have pasted it
// where a name belongs, and errors repeat what was not understood.
var keyLike = regexp.MustCompile(`(?i)\bsk-[a-z0-9_-]{8,}|\b[0-9a-f]{64}\b`)

func withoutKeys(text string) string { return keyLike.ReplaceAllString(text, "[redacted]") }

// flags are those of the command line alone, beside the configuration's.
type flags struct {
	configFile   string
	once         bool
	dryRun       bool
	exitCode     bool
	allowRevokes bool
	output       string
}

func (f flags) check() error {
	switch {
	case f.output != "text" && f.output != "json":
		return usage(fmt.Errorf("--output %q is unknown: use text or json", f.output))
	case f.exitCode && (!f.once || !f.dryRun):
		return usage(errors.New("--exit-code is about a look: use it with --once --dry-run"))
	case f.output == "json" && !f.once:
		return usage(errors.New("--output json is about one pass: use it with --once; a daemon logs, in JSON with --log-format json"))
	}
	return nil
}

// Command is the tree of all commands.
func Command(p Process) *cobra.Command {
	var f flags
	root := &cobra.Command{
		Use:   "litellm-reconciler",
		Short: "Give LiteLLM's teams the MCP servers that their access groups grant",
		Long: `litellm-reconciler keeps the mcp_servers of each LiteLLM team's permission row equal to what the team's
access groups grant. Without a command it runs until it is stopped; with --once it makes one pass.

Exit codes: 0 in sync or repaired; 1 error, or some teams could not be repaired; 2 drift found
(plan --exit-code, --once --dry-run --exit-code); 3 refused by a limit; 64 usage or configuration.`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			cfg, err := load(cmd, p, f)
			if err != nil {
				return err
			}
			// Checked for a single pass too: one file serves both.
			schedule, err := newSchedule(cfg.Schedule)
			if err != nil {
				return usage(err)
			}
			if f.once {
				return runOnce(cmd.Context(), p, cfg, f)
			}
			return runDaemon(cmd.Context(), p, cfg, schedule, f)
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.PersistentFlags().StringVarP(&f.configFile, "config", "c", "", "configuration file ("+config.FileEnv+")")
	root.PersistentFlags().SortFlags = false
	root.Flags().SortFlags = false
	root.Flags().BoolVar(&f.once, "once", false, "make one pass, then exit")
	root.Flags().BoolVar(&f.dryRun, "dry-run", false, "find and report, write nothing")
	root.Flags().BoolVar(&f.exitCode, "exit-code", false, "with --once --dry-run: exit with 2 when there is drift")
	root.Flags().BoolVar(&f.allowRevokes, "allow-revokes", false, "let one pass through where a limit would refuse it (a daemon: its first)")
	root.Flags().StringVarP(&f.output, "output", "o", "text", "with --once: text or json, on standard output")
	config.Flags(root.PersistentFlags())
	root.AddCommand(newPlan(p, &f), newExplain(p, &f), newHistory(p, &f), newRevert(p, &f), newAdopt(p, &f), newDoctor(p, &f), newMigrate(p, &f), newVersion(p))
	return root
}

func load(cmd *cobra.Command, p Process, f flags) (config.Valid, error) {
	cfg, err := config.Load(cmd.Flags(), p.Getenv, f.configFile)
	if err != nil {
		return config.Valid{}, usage(err)
	}
	valid, err := cfg.Validate(p.Getenv)
	if err != nil {
		return config.Valid{}, usage(err)
	}
	return valid, nil
}

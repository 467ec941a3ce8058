package cli

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"litellm-reconciler/pkg/plan"
)

// task is what a command does, with the parts put together for it. Its error
// needs no prefix.
type task func(ctx context.Context, a *app, s screen, args []string) error

// newTask makes a command of a task: it reads the configuration, adds --output,
// ends on a signal, and turns errors into one line.
func newTask(p Process, f *flags, c cobra.Command, do task) *cobra.Command {
	cmd := &c
	var format string
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVarP(&format, "output", "o", "text", "text or json, on standard output")
	name := cmd.Name()
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if format != "text" && format != "json" {
			return usage(fmt.Errorf("--output %q is unknown: use text or json", format))
		}
		cfg, err := load(cmd, p, *f)
		if err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		context.AfterFunc(ctx, stop) // a second signal ends the process at once
		a, err := newApp(ctx, p, cfg)
		if err != nil {
			return err
		}
		defer a.close()
		err = do(ctx, a, newScreen(p, format == "json"), args)
		var e exit
		var refusal *plan.Refusal
		switch {
		case err == nil, errors.As(err, &e):
			return err
		case errors.As(err, &refusal):
			return exit{exitRefused, err}
		}
		return failed(name, err)
	}
	return cmd
}

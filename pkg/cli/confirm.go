package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// mayAsk is an error unless there is a terminal to ask on.
func mayAsk(p Process) error {
	if in, ok := p.Stdin.(*os.File); !ok || !term.IsTerminal(int(in.Fd())) {
		return usage(errors.New("nothing was written: standard input is no terminal to ask on, confirm with --yes"))
	}
	return nil
}

// confirm asks on a terminal whether to go on.
func confirm(ctx context.Context, p Process, note string) error {
	_, _ = fmt.Fprintf(p.Stderr, "%s\nType yes to go on: ", note)
	answer := make(chan string, 1)
	go func() { // reading cannot be cancelled; the process is about to end then
		line, err := bufio.NewReader(p.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			line = ""
		}
		answer <- line
	}()
	select {
	case <-ctx.Done():
		return exit{exitError, fmt.Errorf("nothing was written: %w", context.Cause(ctx))}
	case line := <-answer:
		if strings.TrimSpace(line) != "yes" {
			return exit{exitError, errors.New("nothing was written: not confirmed")}
		}
		return nil
	}
}

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

// confirm asks on a terminal whether to go on. Where nobody can be asked, the
// command has to be confirmed with --yes.
func confirm(ctx context.Context, p Process, question string) error {
	in, ok := p.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return usage(errors.New("nothing was written: standard input is no terminal to ask on, confirm with --yes"))
	}
	_, _ = fmt.Fprintf(p.Stderr, "%s Type yes to go on: ", question)
	answer := make(chan string, 1)
	go func() { // reading cannot be cancelled; the process is about to end then
		line, err := bufio.NewReader(in).ReadString('\n')
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

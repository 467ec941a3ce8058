package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"
)

// screen prints the tour, in lines of at most 120 columns.
type screen struct {
	io.Writer
	colour bool
}

// colourful tells whether a file is a terminal whose user does not object to colours (https://no-color.org).
func colourful(f *os.File) bool {
	return os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(f.Fd()))
}

func (s screen) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(s, format, args...) // there is nobody to tell that nobody can be told
}

func (s screen) intro(database string) {
	s.printf(`litellm-reconciler on a throwaway Postgres with the tables of LiteLLM v1.83.14, as in issue #27657.

export DATABASE_URL='%s'

The tables show what LiteLLM before v1.88 reads. A > marks what a step changed.
`, database)
}

func (s screen) heading(n int, title, note string) {
	heading := fmt.Sprintf("%d. %s", n, title)
	if s.colour {
		heading = "\x1b[1;36m" + heading + "\x1b[0m"
	}
	s.printf("\n%s\n\n%s\n", heading, note)
}

// statement shows SQL as psql would.
func (s screen) statement(sql string) {
	s.printf("\nlitellm=# %s;\n", strings.ReplaceAll(sql, "\n", "\n          "))
}

func (s screen) command(args []string) {
	s.printf("\n$ litellm-reconciler %s\n", strings.Join(args, " "))
}

func (s screen) output(b []byte) { _, _ = s.Write(b) }

func (s screen) untouched(rows int) {
	s.printf("\nChecked: each of the %d rows has the xmin it had before, and none was added or deleted.\n", rows)
}

// table prints rows in columns, and marks some of them.
func (s screen) table(head []string, rows [][]string, marked func([]string) bool) {
	s.printf("\n")
	w := tabwriter.NewWriter(s, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(w, "  "+strings.Join(head, "\t"))
	for _, row := range rows {
		mark := "  "
		if marked != nil && marked(row) {
			mark = "> "
		}
		_, _ = fmt.Fprintln(w, mark+strings.Join(row, "\t"))
	}
	_ = w.Flush()
}

func (s screen) outro() {
	s.printf("\nEverything was as expected. LiteLLM sees a change when its caches expire, mostly within 2 minutes.\n")
}

package cli

import (
	"encoding/json"
	"fmt"
	"io"
)

// screen is where a command shows its result.
type screen struct {
	out  io.Writer
	json bool
	// colour is set on a terminal that has colours and whose user does not
	// object (https://no-color.org).
	colour bool
}

func newScreen(p Process, json bool) screen {
	return screen{out: p.Stdout, json: json, colour: !json && isTerminal(p.Stdout) && colourful(p.Getenv)}
}

func colourful(getenv func(string) string) bool {
	terminal := getenv("TERM")
	return getenv("NO_COLOR") == "" && terminal != "" && terminal != "dumb"
}

func (s screen) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(s.out, format, args...)
	return err
}

// encode shows a value as indented JSON.
func (s screen) encode(v any) error {
	encoder := json.NewEncoder(s.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

func (s screen) bold(text string) string   { return s.in("1", text) }
func (s screen) faint(text string) string  { return s.in("2", text) }
func (s screen) red(text string) string    { return s.in("31", text) }
func (s screen) green(text string) string  { return s.in("32", text) }
func (s screen) yellow(text string) string { return s.in("33", text) }

func (s screen) in(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

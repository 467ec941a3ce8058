// Package reference writes the pages of docs that list what there is: settings,
// metrics and commands. It takes everything from where the program has it, so
// that no text is kept twice.
package reference

import (
	"fmt"
	"strings"
	"time"

	"litellm-reconciler/pkg/config"
)

// generated ends the first paragraph of each page.
const generated = "Written from the program itself by `make docs`; a test fails when the page is out of date."

// Configuration is docs/configuration.md: the example file, part by part, and
// what the program says of the keys in each part.
func Configuration(example string) (string, error) {
	head, parts, err := split(example)
	if err != nil {
		return "", err
	}
	var page strings.Builder
	page.WriteString("# Configuration\n\n" + generated + "\n\n" + head + "\n")
	listed := 0
	for _, part := range parts {
		fmt.Fprintf(&page, "\n## %s\n\n```yaml\n%s\n```\n\n", part.name, part.text)
		page.WriteString("| key | takes | default | flag | environment |\n|---|---|---|---|---|\n")
		for _, k := range config.Keys() {
			if section, _, _ := strings.Cut(k.Name, "."); section != part.name {
				continue
			}
			rule, err := takes(k)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&page, "| `%s` | %s | %s | `--%s` | `%s` |\n", k.Name, rule, preset(k), k.Flag(), k.Env())
			listed++
		}
	}
	if all := len(config.Keys()); listed != all {
		return "", fmt.Errorf("the example file has the sections of %d keys, there are %d", listed, all)
	}
	return page.String(), nil
}

// part is a top-level key of the example file with all that belongs to it.
type part struct{ name, text string }

// split takes the example file apart at its blank lines: a comment on top, then
// a part for each top-level key.
func split(example string) (head string, parts []part, err error) {
	blocks := strings.Split(strings.TrimSpace(example), "\n\n")
	for line := range strings.Lines(blocks[0]) {
		text, found := strings.CutPrefix(line, "#")
		if !found {
			return "", nil, fmt.Errorf("the example file begins with %q and not with a comment", line)
		}
		head += strings.TrimPrefix(text, " ")
	}
	for _, block := range blocks[1:] {
		p := part{text: block}
		for line := range strings.Lines(block) {
			key, _, found := strings.Cut(line, ":")
			switch {
			case strings.HasPrefix(line, "#"), strings.HasPrefix(line, " "):
			case !found, p.name != "":
				return "", nil, fmt.Errorf("the example file has %q where a part ends", line)
			default:
				p.name = key
			}
		}
		parts = append(parts, p)
	}
	return head, parts, nil
}

// takes is what a key takes, in the words of the error for what it does not.
func takes(k config.Key) (string, error) {
	refused := "?"
	switch k.Default.(type) {
	case int, float64:
		refused = "-1000000"
	case time.Duration:
		refused = "-1000000h"
	case bool, []string:
		return k.Kind(), nil
	}
	said := complaint(k, refused)
	_, rule, found := strings.Cut(said, " must ")
	_, isText := k.Default.(string)
	bounds, be := strings.CutPrefix(rule, "be ")
	kind, _, _ := strings.Cut(k.Kind(), ",") // without its examples
	switch {
	case !found && !isText:
		return "", fmt.Errorf("%s takes %s: %q", k.Name, refused, said)
	case !found:
		return kind, nil
	case !be:
		return kind + ", must " + rule, nil
	case isText:
		return bounds, nil
	}
	return kind + ", " + bounds, nil
}

// complaint is what the program says to a value, if anything.
func complaint(k config.Key, value string) string {
	getenv := func(name string) string {
		return map[string]string{"DATABASE_URL": "postgresql://user@host/litellm", k.Env(): value}[name]
	}
	c, err := config.Load(nil, getenv, "")
	if err == nil {
		_, err = c.Validate(getenv)
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

func preset(k config.Key) string {
	switch value := k.Default.(type) {
	case []string:
		return ""
	case string:
		if value == "" {
			return ""
		}
	}
	return fmt.Sprintf("`%v`", k.Default)
}

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file reads a YAML document against the table of keys. It walks the nodes rather than decoding into a map, because
// only the nodes know their lines, duplicates and the text as it was written.
type file struct {
	path     string
	keys     map[string]Key
	sections map[string]bool
	lines    map[string]int
	values   map[string]any
	problems *problems
}

// readFile returns the values at path by full key name, and adds every problem it finds to p.
func readFile(path string, p *problems) map[string]any {
	content, err := os.ReadFile(path)
	if err != nil {
		p.addf("reading configuration: %v", err)
		return nil
	}
	f := file{
		path: path, problems: p,
		keys: map[string]Key{}, sections: map[string]bool{}, lines: map[string]int{}, values: map[string]any{},
	}
	for _, k := range Keys() {
		f.keys[k.Name] = k
		if section, _, ok := strings.Cut(k.Name, "."); ok {
			f.sections[section] = true
		}
	}
	f.read(content)
	return f.values
}

func (f *file) read(content []byte) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, second yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF): // empty, or comments only
		return
	case err != nil:
		*f.problems = append(*f.problems, f.syntax(err))
		return
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		*f.problems = append(*f.problems, f.syntax(err))
	default:
		f.addf(&second, "a second YAML document; the file must hold one")
	}
	f.section("", document.Content[0])
}

// section reads the keys of one mapping. A section left empty has the value null.
func (f *file) section(name string, node *yaml.Node) {
	switch {
	case node.ShortTag() == "!!null":
		return
	case node.Kind != yaml.MappingNode && name == "":
		f.addf(node, "must hold keys and values")
		return
	case node.Kind != yaml.MappingNode:
		f.addf(node, "%s is a section of keys, not a value", name)
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		f.entry(name, node.Content[i], node.Content[i+1])
	}
}

func (f *file) entry(section string, key, value *yaml.Node) {
	name := key.Value
	if section != "" {
		name = section + "." + name
	}
	k, known := f.keys[name]
	first, seen := f.lines[name]
	f.lines[name] = key.Line
	switch {
	case seen:
		f.addf(key, "%s is given twice, first on line %d", name, first)
	case known:
		f.value(k, value)
	case section == "" && f.sections[name]:
		f.section(name, value)
	default:
		f.unknown(key, name)
	}
}

func (f *file) value(k Key, node *yaml.Node) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	_, list := k.Default.([]string)
	switch {
	case node.ShortTag() == "!!null": // the default
	case list && node.Kind == yaml.SequenceNode:
		texts := make([]string, 0, len(node.Content))
		for _, item := range node.Content {
			if item.Kind != yaml.ScalarNode {
				f.addf(item, "%s must be a list of texts", k.Name)
				return
			}
			texts = append(texts, item.Value)
		}
		f.values[k.Name] = texts
	case !list && node.Kind == yaml.ScalarNode:
		value, err := k.parse(node.Value)
		if err != nil {
			f.addf(node, "%s must be %s", k.Name, k.Kind())
			return
		}
		f.values[k.Name] = value
	default:
		f.addf(node, "%s must be %s", k.Name, k.Kind())
	}
}

func (f *file) unknown(key *yaml.Node, name string) {
	candidates := make([]string, 0, len(f.keys)+len(f.sections))
	for _, k := range Keys() {
		candidates = append(candidates, k.Name)
	}
	for section := range f.sections {
		candidates = append(candidates, section)
	}
	if meant := closest(name, candidates); meant != "" {
		f.addf(key, "unknown key %q, did you mean %q?", name, meant)
		return
	}
	f.addf(key, "unknown key %q", name)
}

func (f *file) addf(at *yaml.Node, format string, args ...any) {
	f.problems.addf("%s:%d: %s", f.path, at.Line, fmt.Sprintf(format, args...))
}

// syntax puts the parser's "yaml: line 3: ..." into the same form as our own problems.
func (f *file) syntax(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		return f.path + ":" + rest
	}
	return f.path + ": " + text
}

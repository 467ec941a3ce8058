// Package page shows results: a page of tables and plots, made from the results file alone.
package page

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"litellm-reconciler/internal/bench/results"
)

//go:embed page.md.tmpl
var pageText string

// Write writes benchmarks.md and, in a directory beside it, the plots.
func Write(directory string, r *results.Results) error {
	text, err := render(r)
	if err != nil {
		return err
	}
	drawn := filepath.Join(directory, "benchmarks")
	if err := os.MkdirAll(drawn, 0o750); err != nil {
		return fmt.Errorf("writing the plots: %w", err)
	}
	for _, p := range plots(r) {
		if err := os.WriteFile(filepath.Join(drawn, p.File), []byte(p.svg()), 0o600); err != nil {
			return fmt.Errorf("writing the plots: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(directory, "benchmarks.md"), text, 0o600); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// view is what the page is filled with.
type view struct {
	*results.Results
	Memory   string
	Verdicts []verdict
	Plots    []plot
	Sizes    []size
}

func render(r *results.Results) ([]byte, error) {
	v := view{Results: r, Memory: bytesText(float64(r.Machine.MemoryBytes)), Verdicts: verdicts(r), Plots: plots(r)}
	for _, teams := range r.Sizes() {
		v.Sizes = append(v.Sizes, newSize(r, teams))
	}
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("reading the template of the page: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, v); err != nil {
		return nil, fmt.Errorf("filling in the page: %w", err)
	}
	return out.Bytes(), nil
}

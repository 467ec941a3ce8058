package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"litellm-reconciler/internal/reference"
)

// TestTheDocumentationListsWhatThereIs compares the pages that list settings,
// metrics and commands with those that the program has. With UPDATE_DOCS=1 it
// writes them.
func TestTheDocumentationListsWhatThereIs(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(context.Context) (string, error){
		"configuration.md": func(context.Context) (string, error) {
			example, err := os.ReadFile("../../config.example.yaml")
			if err != nil {
				return "", err
			}
			return reference.Configuration(string(example))
		},
		"metrics.md": func(ctx context.Context) (string, error) {
			return reference.Metrics(ctx, "../../pkg/telemetry/labels.go")
		},
		"cli.md": func(context.Context) (string, error) { return reference.Commands(), nil }, //nolint:contextcheck // no command is run
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wanted, err := write(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			page := filepath.Join("../../docs", name)
			written, err := os.ReadFile(page)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			keep(t, page, string(written), wanted)
		})
	}
}

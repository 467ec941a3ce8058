package chart_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/internal/program"
	"litellm-reconciler/pkg/cli"
)

const (
	directory = "../../charts/litellm-reconciler"
	release   = "rec"
	fullname  = "rec-litellm-reconciler"
	namespace = "ai"

	// patience bounds every wait. It is long because only a failure waits it out.
	patience = 30 * time.Second
)

var (
	helm   string // the path of Helm
	home   string // of Helm, so that it has no plugins and no settings of somebody's
	binary string // the path of the program
)

func TestMain(m *testing.M) {
	// Linked into the tests as well, or their cached result would outlive a
	// change of the program that they build.
	runtime.KeepAlive(cli.Run)
	remove, err := prepare()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	pgtest.Main(m, remove)
}

func prepare() (remove func(), err error) {
	found, err := filepath.Glob("../../bin/tools/helm-v3*")
	if err != nil || len(found) == 0 {
		return nil, errors.New("these tests need Helm: make helm builds it")
	}
	if helm, err = filepath.Abs(slices.Max(found)); err != nil {
		return nil, err
	}
	if home, err = os.MkdirTemp("", "helm-"); err != nil {
		return nil, err
	}
	var removeBinary func()
	if binary, removeBinary, err = program.Build(); err != nil {
		return nil, err
	}
	return func() {
		removeBinary()
		_ = os.RemoveAll(home)
	}, nil
}

// read reads the chart, as Helm does. The cached result of the tests would
// outlive a change of it otherwise: Go sees what the tests open, not what Helm does.
var read = sync.OnceValue(func() error {
	return filepath.WalkDir(directory, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			_, err = os.ReadFile(path)
		}
		return err
	})
})

// run runs Helm, and returns what it says where it fails.
func run(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	if err := read(); err != nil {
		t.Fatal(err)
	}
	// Helm takes what it was built for, which "go install" does not tell it.
	args = slices.Insert(args, 1, "--kube-version", "1.34.0")
	cmd := exec.CommandContext(t.Context(), helm, args...)
	cmd.Env = []string{"HOME=" + home, "KUBECONFIG=/dev/null"}
	var out, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failure
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s%s", err, failure.String(), out.String())
	}
	return out.String(), nil
}

// example are the arguments that give Helm the values of an example.
func example(name string) []string {
	return []string{"--values", filepath.Join(directory, "ci", name+"-values.yaml")}
}

// examples are the names of all examples.
func examples(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "ci", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	var names []string
	for _, file := range files {
		name, found := strings.CutSuffix(filepath.Base(file), "-values.yaml")
		if !found {
			t.Errorf("%s is not named like an example, *-values.yaml", file)
		}
		names = append(names, name)
	}
	return names
}

// values are the arguments that give Helm values in YAML, beside the Secret that
// is all the chart needs.
func values(t *testing.T, yaml string) []string {
	t.Helper()
	return append(bare(t, yaml), "--set", "database.url.secretName=litellm-env")
}

// bare are the arguments that give Helm values in YAML.
func bare(t *testing.T, yaml string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--values", file}
}

// template renders the chart.
func template(t *testing.T, args ...string) (text string, err error) {
	t.Helper()
	return templateOf(t, directory, args...)
}

// templateOf renders another chart.
func templateOf(t *testing.T, directory string, args ...string) (text string, err error) {
	t.Helper()
	return run(t, append([]string{"template", release, directory, "--namespace", namespace}, args...)...)
}

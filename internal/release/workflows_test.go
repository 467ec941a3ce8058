package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// workflow is what the tests want to know of one.
type workflow struct {
	Permissions *map[string]string
	Concurrency struct{ Group string }
	Jobs        map[string]struct {
		RunsOn      string `yaml:"runs-on"`
		Timeout     int    `yaml:"timeout-minutes"`
		Permissions *map[string]string
		Uses        string // another workflow, which has the timeouts
		Steps       []struct {
			Uses, Run string
			With      map[string]string
		}
	}
}

// files returns the repository's files that match, of which there has to be one.
func files(t *testing.T, pattern string) []string {
	t.Helper()
	matches, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil || len(matches) == 0 {
		t.Fatalf("%s: no such files (%v)", pattern, err)
	}
	for i, match := range matches {
		if matches[i], err = filepath.Rel(root, match); err != nil {
			t.Fatal(err)
		}
	}
	return matches
}

func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	all := map[string]workflow{}
	for _, file := range files(t, ".github/workflows/*") {
		var w workflow
		decode(t, file, &w)
		all[file] = w
	}
	return all
}

func TestActionsArePinnedByDigest(t *testing.T) {
	t.Parallel()
	pin := regexp.MustCompile(`^([\w.-]+/[\w.-]+)(?:/[\w./-]+)?@([0-9a-f]{40}) # v\d+\.\d+\.\d+$`)
	pins := map[string]string{}
	for _, file := range append(files(t, ".github/workflows/*"), files(t, ".github/actions/*/action.yml")...) {
		var document yaml.Node
		decode(t, file, &document)
		for _, uses := range valuesOf("uses", &document) {
			if strings.HasPrefix(uses.Value, "./") {
				continue // of this repository
			}
			parts := pin.FindStringSubmatch(uses.Value + " " + uses.LineComment)
			switch {
			case parts == nil:
				t.Errorf("%s:%d: %s %s: want a digest, and the version as a comment", file, uses.Line, uses.Value, uses.LineComment)
			case pins[parts[1]] == "":
				pins[parts[1]] = parts[2]
			case pins[parts[1]] != parts[2]:
				t.Errorf("%s:%d: %s is %s elsewhere", file, uses.Line, uses.Value, pins[parts[1]])
			}
		}
	}
	if len(pins) == 0 {
		t.Error("no action was found")
	}
}

// valuesOf returns the values that mappings have under a key, at any depth.
func valuesOf(key string, node *yaml.Node) []*yaml.Node {
	var values []*yaml.Node
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 1 && node.Content[i-1].Value == key {
			values = append(values, child)
		}
		values = append(values, valuesOf(key, child)...)
	}
	return values
}

func TestJobsAreGivenTheirRightsOneByOne(t *testing.T) {
	t.Parallel()
	for file, w := range workflows(t) {
		if w.Permissions == nil || len(*w.Permissions) > 0 {
			t.Errorf("%s: want permissions: {}", file)
		}
		for name, job := range w.Jobs {
			if job.Permissions == nil {
				t.Errorf("%s: job %s does not say which rights it needs", file, name)
			}
		}
	}
}

func TestJobsEndAndDoNotPileUp(t *testing.T) {
	t.Parallel()
	for file, w := range workflows(t) {
		if w.Concurrency.Group == "" {
			t.Errorf("%s: no concurrency group", file)
		}
		for name, job := range w.Jobs {
			if job.Uses == "" && job.Timeout == 0 {
				t.Errorf("%s: job %s has no timeout", file, name)
			}
			if strings.HasSuffix(job.RunsOn, "-latest") {
				t.Errorf("%s: job %s runs on what is %s that day", file, name, job.RunsOn)
			}
		}
	}
}

func TestCheckoutsLeaveNoCredentials(t *testing.T) {
	t.Parallel()
	for file, w := range workflows(t) {
		for name, job := range w.Jobs {
			for _, step := range job.Steps {
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != "false" {
					t.Errorf("%s: job %s leaves the token in .git/config", file, name)
				}
			}
		}
	}
}

func TestWorkflowsUseTheToolsOfTheMakefile(t *testing.T) {
	t.Parallel()
	makefile := read(t, "Makefile")
	tools := map[string]string{"goreleaser/goreleaser-action": "goreleaser", "azure/setup-helm": "helm"}
	used := 0
	for file, w := range workflows(t) {
		for name, job := range w.Jobs {
			for _, step := range job.Steps {
				action, _, _ := strings.Cut(step.Uses, "@")
				tool := "/" + tools[action] + "-"
				if tools[action] == "" || !strings.Contains(makefile, tool) {
					continue
				}
				used++
				if !strings.Contains(makefile, tool+step.With["version"]+"\n") {
					t.Errorf("%s: job %s takes %s %s, and the Makefile another", file, name, tools[action], step.With["version"])
				}
			}
		}
	}
	if used == 0 {
		t.Error("no workflow uses a tool of the Makefile")
	}
}

// What was published has signatures, and users that pinned its digests.
func TestWhatWasPublishedIsNotBuiltAgain(t *testing.T) {
	t.Parallel()
	for published, want := range map[string]string{"exit 0": "v1.2.3 is published, and stays as it is\n", "exit 1": ""} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "gh"), []byte("#!/bin/sh\n[ \"$*\" = 'api --silent repos/owner/project/releases/tags/v1.2.3' ] && "+published+"\n"), 0o700)
		var w workflow
		decode(t, ".github/workflows/release.yml", &w)
		for _, step := range w.Jobs["release"].Steps {
			if strings.Contains(step.Run, "goreleaser") || strings.Contains(step.Uses, "goreleaser") {
				t.Fatal("no step before goreleaser asks")
			}
			if !strings.Contains(step.Run, "gh api") {
				continue
			}
			script := exec.CommandContext(t.Context(), "bash", "-eo", "pipefail", "-c", step.Run)
			script.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "GITHUB_REPOSITORY=owner/project", "GITHUB_REF_NAME=v1.2.3")
			if output, err := script.CombinedOutput(); (err != nil) != (want != "") || string(output) != want {
				t.Errorf("with %s of the question it says %q (%v), want %q", published, output, err, want)
			}
			break
		}
	}
}

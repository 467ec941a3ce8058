package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// configuration is what the tests want to know of .goreleaser.yaml.
type configuration struct {
	Builds []struct {
		Main, Binary string
		Env, Flags   []string
		LDFlags      []string `yaml:"ldflags"`
	}
	Archives []struct {
		Files []struct{ Src string }
	}
	Images []struct {
		BuildArgs  map[string]string `yaml:"build_args"`
		ExtraFiles []string          `yaml:"extra_files"`
	} `yaml:"dockers_v2"`
}

func releases(t *testing.T) configuration {
	t.Helper()
	var c configuration
	decode(t, ".goreleaser.yaml", &c)
	if len(c.Builds) != 1 || len(c.Archives) != 1 || len(c.Images) != 1 {
		t.Fatal(".goreleaser.yaml: want one build, one kind of archive and one image")
	}
	return c
}

func TestTheFilesOfAnArchiveExist(t *testing.T) {
	t.Parallel()
	var files []string
	for _, file := range releases(t).Archives[0].Files {
		files = append(files, file.Src)
		if _, err := os.Stat(filepath.Join(root, file.Src)); err != nil {
			t.Error(err)
		}
	}
	if !slices.Contains(files, "LICENSE") {
		t.Errorf("archives hold %v, and not the license", files)
	}
}

func TestTheImageOfAReleaseTakesTheProgramOfItsArchives(t *testing.T) {
	t.Parallel()
	c := releases(t)
	stage := c.Images[0].BuildArgs["PROGRAM"]
	if stage == "compiled" || !slices.Contains(stages(t), stage) {
		t.Errorf("it is told to take it from stage %q, and there are %v", stage, stages(t))
	}
	// goreleaser lays the programs out by platform.
	if want := "COPY $TARGETPLATFORM/" + c.Builds[0].Binary + " "; !strings.Contains(read(t, "Dockerfile"), want) {
		t.Errorf("the Dockerfile does not say %s", want)
	}
	for name := range c.Images[0].BuildArgs {
		if name != "SOURCE_DATE_EPOCH" && !regexp.MustCompile(`(?m)^ARG `+name+`\b`).MatchString(read(t, "Dockerfile")) {
			t.Errorf("the Dockerfile has no argument %s", name)
		}
	}
}

// Whoever is given the program is given its license.
func TestTheImageHoldsTheLicense(t *testing.T) {
	t.Parallel()
	if !strings.Contains(read(t, "Dockerfile"), "\nCOPY LICENSE ") {
		t.Error("the Dockerfile does not copy it")
	}
	if !strings.Contains(read(t, ".dockerignore"), "\n!LICENSE\n") {
		t.Error(".dockerignore does not let it in")
	}
	if files := releases(t).Images[0].ExtraFiles; !slices.Contains(files, "LICENSE") {
		t.Errorf("a release brings along %v", files)
	}
}

func TestReleaseNotesAreTheChangelogsOfThatVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := filepath.Join(dir, ".ci/release-notes")
	write(t, script, []byte(read(t, ".ci/release-notes")), 0o600)
	write(t, filepath.Join(dir, "CHANGELOG.md"), []byte(`# Changelog

## [Unreleased]

- Later.

## [1.2.3] - 2026-12-01

### Added

- This.

## [1.2.30] - 2026-11-01

- Before.

## [1.2] - 2026-10-01

`), 0o600)
	for _, c := range []struct{ tag, want, fails string }{
		{tag: "v1.2.3", want: "### Added\n\n- This."},
		{tag: "v1.2.30", want: "- Before."},
		{tag: "v1.2", fails: "CHANGELOG.md says nothing of 1.2"},
		{tag: "v1.2.4", fails: "CHANGELOG.md says nothing of 1.2.4"},
	} {
		t.Run(c.tag, func(t *testing.T) {
			t.Parallel()
			output, err := exec.CommandContext(t.Context(), "sh", script, c.tag).CombinedOutput()
			got := strings.TrimSpace(string(output))
			if (err != nil) != (c.fails != "") || got != c.want+c.fails {
				t.Errorf("it prints %q (%v), want %q", got, err, c.want+c.fails)
			}
		})
	}
}

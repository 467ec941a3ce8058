package release

import (
	"bytes"
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"text/template"
	"time"
)

// What is compiled here.
const (
	versionOfTest  = "1.2.3"
	revisionOfTest = "0123abc"
)

var timeOfTest = time.Unix(1700000000, 0)

func TestTheProgramIsTheSameInTheImageAndInTheArchive(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the Dockerfile's commands are those of its image, which is Linux")
	}
	compiled := compileAsTheDockerfile(t)
	image, err := os.ReadFile(compiled)
	if err != nil {
		t.Fatal(err)
	}
	if archive := compileAsARelease(t); !bytes.Equal(image, archive) {
		t.Errorf("they differ: %d bytes in the image, %d in the archive", len(image), len(archive))
	}
	if info, err := os.Stat(compiled); err != nil || !info.ModTime().Equal(timeOfTest) {
		t.Errorf("the file is of %v, want that of the source, %v (%v)", info.ModTime(), timeOfTest, err)
	}
	program, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	if libraries, err := program.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("it needs %v, and the image has no libraries (%v)", libraries, err)
	}
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("it needs a loader, and the image has none")
		}
	}
	output, err := exec.CommandContext(t.Context(), compiled, "version").CombinedOutput()
	if want := "litellm-reconciler v" + versionOfTest + " " + revisionOfTest + " "; err != nil || !strings.HasPrefix(string(output), want) {
		t.Errorf("version prints %q (%v), want %q", output, err, want)
	}
}

// compileAsTheDockerfile runs its command on what .dockerignore lets in, and nothing else.
func compileAsTheDockerfile(t *testing.T) string {
	t.Helper()
	var command string
	for _, i := range dockerfile(t) {
		if i.name == "RUN" && strings.Contains(i.rest, "make build") {
			command = regexp.MustCompile(`--mount=\S+\s+`).ReplaceAllString(i.rest, "")
		}
	}
	src := t.TempDir()
	copyWhatIsNotIgnored(t, src)
	run(t, src, []string{
		"TARGETOS=linux", "TARGETARCH=" + runtime.GOARCH,
		"VERSION=v" + versionOfTest, "REVISION=" + revisionOfTest, "SOURCE_DATE_EPOCH=1700000000",
	}, "sh", "-c", command)
	return filepath.Join(src, "bin/litellm-reconciler")
}

// compileAsARelease does with the configuration of releases what goreleaser does.
func compileAsARelease(t *testing.T) []byte {
	t.Helper()
	build := releases(t).Builds[0]
	parsed, err := template.New("ldflags").Parse(strings.Join(build.LDFlags, " "))
	if err != nil {
		t.Fatal(err)
	}
	var flags strings.Builder
	if err := parsed.Execute(&flags, map[string]string{"Version": versionOfTest, "ShortCommit": revisionOfTest}); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), build.Binary)
	args := append([]string{"build"}, build.Flags...)
	run(t, root, append(build.Env, "GOOS=linux", "GOARCH="+runtime.GOARCH), "go", append(args, "-ldflags", flags.String(), "-o", out, build.Main)...)
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// run runs a command in an environment that does not say how to compile.
func run(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = dir
	command.Env = append(append(os.Environ(), "GOFLAGS=", "MAKEFLAGS=", "CGO_ENABLED="), env...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, output)
	}
}

// copyWhatIsNotIgnored copies what .dockerignore, a list of what is allowed, lets into the build of the image.
func copyWhatIsNotIgnored(t *testing.T, to string) {
	t.Helper()
	var allowed, ignored []string
	for line := range strings.Lines(read(t, ".dockerignore")) {
		line = strings.TrimSpace(line)
		name, allow := strings.CutPrefix(line, "!")
		anywhere, ignore := strings.CutPrefix(line, "**/")
		switch {
		case allow && !strings.ContainsAny(name, "*/"):
			allowed = append(allowed, name)
		case ignore && len(allowed) > 0:
			ignored = append(ignored, anywhere)
		case line != "" && line != "*" && !strings.HasPrefix(line, "#"):
			t.Fatalf(".dockerignore: this test knows *, !NAME and then **/PATTERN, but not %q", line)
		}
	}
	for _, name := range allowed {
		if err := filepath.WalkDir(filepath.Join(root, name), func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			for _, pattern := range ignored {
				if match, err := path.Match(pattern, entry.Name()); match || err != nil {
					return err
				}
			}
			content, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			relative, err := filepath.Rel(root, file)
			write(t, filepath.Join(to, relative), content, 0o600)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

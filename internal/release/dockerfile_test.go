package release

import (
	"encoding/json"
	"fmt"
	"go/version"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instruction is one of the Dockerfile, its lines joined.
type instruction struct{ name, rest string }

func dockerfile(t *testing.T) []instruction {
	t.Helper()
	content := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(read(t, "Dockerfile"), "")
	var instructions []instruction
	for line := range strings.Lines(strings.ReplaceAll(content, "\\\n", "")) {
		if name, rest, _ := strings.Cut(strings.TrimSpace(line), " "); name != "" {
			instructions = append(instructions, instruction{name, strings.TrimSpace(rest)})
		}
	}
	return instructions
}

// ofTheImage returns what the last instruction of that name says: the last stage is the image.
func ofTheImage(t *testing.T, name string) string {
	t.Helper()
	for _, i := range slices.Backward(dockerfile(t)) {
		if i.name == name {
			return i.rest
		}
	}
	t.Fatalf("the Dockerfile has no %s", name)
	return ""
}

// stages returns the names of the Dockerfile's stages.
func stages(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, i := range dockerfile(t) {
		if _, name, named := strings.Cut(i.rest, " AS "); i.name == "FROM" && named {
			names = append(names, name)
		}
	}
	return names
}

// Kubernetes can tell that a number is not root, and cannot of a name.
func TestTheImageRunsAsANumberedUser(t *testing.T) {
	t.Parallel()
	if got, want := ofTheImage(t, "USER"), "65532:65532"; got != want {
		t.Errorf("USER is %s, want %s", got, want)
	}
}

func TestTheImageStartsTheProgramThatIsOnItsPath(t *testing.T) {
	t.Parallel()
	var entrypoint []string
	if err := json.Unmarshal([]byte(ofTheImage(t, "ENTRYPOINT")), &entrypoint); err != nil || len(entrypoint) != 1 {
		t.Fatalf("ENTRYPOINT %s: want a list with the program, as there is no shell", ofTheImage(t, "ENTRYPOINT"))
	}
	if copied := strings.Fields(ofTheImage(t, "COPY")); copied[len(copied)-1] != entrypoint[0] {
		t.Errorf("the program is copied to %s, and %s is started", copied[len(copied)-1], entrypoint[0])
	}
	dirs := strings.Split(strings.TrimPrefix(ofTheImage(t, "ENV"), "PATH="), ":")
	if !slices.Contains(dirs, path.Dir(entrypoint[0])) {
		t.Errorf("%s is not in one of %s", entrypoint[0], dirs)
	}
}

func TestTheImageExposesThePortThatTheProgramListensOn(t *testing.T) {
	t.Parallel()
	var config struct {
		Web struct {
			ListenAddress string `yaml:"listen_address"`
		}
	}
	decode(t, "config.example.yaml", &config)
	_, port, err := net.SplitHostPort(config.Web.ListenAddress)
	if err != nil {
		t.Fatal(err)
	}
	if got := ofTheImage(t, "EXPOSE"); got != port {
		t.Errorf("EXPOSE is %s, want %s", got, port)
	}
}

func TestImagesThatItStartsFromArePinned(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`^(--platform=\$BUILDPLATFORM )?[a-z0-9./-]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}$`)
	for _, i := range dockerfile(t) {
		from, _, _ := strings.Cut(i.rest, " AS ")
		if i.name == "FROM" && from != "scratch" && from != "$PROGRAM" && !pinned.MatchString(from) {
			t.Errorf("FROM %s: want a tag and a digest", from)
		}
	}
}

// Dependabot knows the Dockerfile, so that is where the version of Go stands.
func TestWorkflowsInstallTheGoOfTheDockerfile(t *testing.T) {
	t.Parallel()
	var action struct {
		Runs struct{ Steps []struct{ Run string } }
	}
	decode(t, ".github/actions/go/action.yml", &action)
	output := filepath.Join(t.TempDir(), "output")
	script := exec.CommandContext(t.Context(), "sh", "-c", action.Runs.Steps[0].Run)
	script.Dir, script.Env = root, append(os.Environ(), "GITHUB_OUTPUT="+output)
	if said, err := script.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	content, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	got, found := strings.CutPrefix(strings.TrimSpace(string(content)), "go=")
	if !found || !version.IsValid("go"+got) || !strings.Contains(read(t, "Dockerfile"), " golang:"+got+"-") {
		t.Fatalf("the version that is read is %q", content)
	}
	var least string
	if _, err := fmt.Sscanf(regexp.MustCompile(`(?m)^go .*$`).FindString(read(t, "go.mod")), "go %s", &least); err != nil {
		t.Fatal(err)
	}
	if version.Compare("go"+got, "go"+least) < 0 {
		t.Errorf("Go %s is older than the %s of go.mod", got, least)
	}
}

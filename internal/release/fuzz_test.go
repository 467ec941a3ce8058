package release

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFuzzTestFailsForWhatItFoundAndNotForItsTime(t *testing.T) {
	t.Parallel()
	const (
		elapsed = "fuzz: elapsed: 20s, execs: 2220 (309/sec), new interesting: 7 (total: 443)\n"
		failed  = elapsed + "--- FAIL: FuzzThis (20.30s)\n"
		tail    = "FAIL\nexit status 1\nFAIL\tlitellm-reconciler/pkg/config\t20.314s\n"
	)
	for name, c := range map[string]struct {
		prints string
		writes bool
		fails  bool
	}{
		"nothing was found": {prints: elapsed},
		"it was at work when its time was over": {
			prints: failed + "    context deadline exceeded\n" + tail,
		},
		"it found an input": {
			prints: failed + "    --- FAIL: FuzzThis (0.00s)\n        fuzz_test.go:30: context deadline exceeded\n    \n" +
				"    Failing input written to testdata/fuzz/FuzzThis/771e938e4458e983\n" + tail,
			fails: true,
		},
		"it wrote an input when its time was over": {
			prints: failed + "    context deadline exceeded\n" + tail,
			writes: true, fails: true,
		},
		"it hung": {
			prints: failed + "    fuzzing process hung or terminated unexpectedly: exit status 2\n" + tail,
			fails:  true,
		},
		"more was said than that its time was over": {
			prints: failed + "    context deadline exceeded\n    open testdata: permission denied\n" + tail,
			fails:  true,
		},
		"it does not compile": {
			prints: "fuzz_test.go:3:1: syntax error\nFAIL\tlitellm-reconciler/pkg/config [build failed]\n",
			fails:  true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "prints"), []byte(c.prints), 0o600)
			if c.writes {
				write(t, filepath.Join(dir, "writes"), nil, 0o600)
			}
			got, err := fuzz(t, dir)
			if (err != nil) != c.fails {
				t.Errorf("it ends with %v and prints %s", err, got)
			}
			if want := strings.TrimSpace(elapsed); strings.Contains(c.prints, want) && !strings.Contains(got, want) {
				t.Errorf("it prints %q, and not how far it came", got)
			}
		})
	}
}

// fuzz runs .ci/fuzz with a go that does what the files of a directory say.
func fuzz(t *testing.T, dir string) (string, error) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join(root, ".ci/fuzz"))
	if err != nil {
		t.Fatal(err)
	}
	fake, err := filepath.Abs("testdata/go")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), script, ".", "FuzzThis", "20s")
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GO="+fake)
	output, err := cmd.CombinedOutput()
	return string(output), err
}

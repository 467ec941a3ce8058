package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFileProblemsNameLineAndRemedy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, content, want string }{
		{"misspelt key", "guard:\n  max_revoked_fracton: 1",
			`config.yaml:2: unknown key "guard.max_revoked_fracton", did you mean "guard.max_revoked_fraction"?`},
		{"key outside its section", "batch_size: 1",
			`config.yaml:1: unknown key "batch_size", did you mean "repair.batch_size"?`},
		{"misspelt section", "guards:\n  min_revoked_teams: 1", `config.yaml:1: unknown key "guards", did you mean "guard"?`},
		{"case matters", "Policy: exact", `config.yaml:1: unknown key "Policy", did you mean "policy"?`},
		{"nothing close", "frobnicate: 1", `config.yaml:1: unknown key "frobnicate"`},
		{"key below a value", "policy:\n  name: exact", `config.yaml:2: policy must be a text`},
		{"value instead of a section", "database: postgres://u:hunter2@h/d",
			`config.yaml:1: database is a section of keys, not a value`},
		{"key given twice", "policy: exact\nlog:\n  level: info\npolicy: managed",
			`config.yaml:4: policy is given twice, first on line 1`},
		{"section given twice", "log:\n  level: info\nlog:\n  format: text", `config.yaml:3: log is given twice, first on line 1`},
		{"fraction for an integer", "repair:\n  batch_size: 2.7", `config.yaml:2: repair.batch_size must be an integer`},
		{"duration without a unit", "schedule:\n  interval: 30",
			`config.yaml:2: schedule.interval must be a duration with a unit, such as 500ms, 30s or 5m`},
		{"text for a switch", "ledger:\n  auto_migrate: maybe", `config.yaml:2: ledger.auto_migrate must be true or false`},
		{"text for a number", "schedule:\n  jitter: some", `config.yaml:2: schedule.jitter must be a number`},
		{"value for a list", "teams:\n  include: a,b", `config.yaml:2: teams.include must be a list`},
		{"list of mappings", "teams:\n  include:\n    - id: a", `config.yaml:3: teams.include must be a list of texts`},
		{"not a mapping", "- policy", `config.yaml:1: must hold keys and values`},
		{"two documents", "policy: exact\n---\npolicy: managed",
			`config.yaml:2: a second YAML document; the file must hold one`},
		{"section by reference", "log: &x\n  level: info\nweb: *x", `config.yaml:3: web is a section of keys, not a value`},
		{"binary content", "policy: \x01", `config.yaml: control characters are not allowed`},
		{"all at once", "a: 1\nb: 2", `config.yaml:1: unknown key "a"; config.yaml:2: unknown key "b"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, test.content)
			_, err := Load(nil, environment(nil), path)
			if err == nil {
				t.Fatal("no error")
			}
			got := strings.ReplaceAll(err.Error(), path, "config.yaml")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInvalidYAMLGivesOneLineWithFileAndLine(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"policy: exact\nlog: level: info\n",
		"policy: exact\nlog: [\n",
		"policy: exact\nlog: {level: info\nweb: x",
		"policy: exact\n---\nlog: level: info\n",
	} {
		path := write(t, content)
		_, err := Load(nil, environment(nil), path)
		if err == nil {
			t.Fatalf("%q gives no error", content)
		}
		rest, ok := strings.CutPrefix(err.Error(), path+":")
		if !ok || rest[0] < '1' || rest[0] > '9' || strings.Contains(rest, "\n") {
			t.Errorf("%q gives %q", content, err)
		}
	}
}

func TestWhatAFileLeavesEmptyKeepsItsDefault(t *testing.T) {
	t.Parallel()
	defaults, err := Load(nil, environment(nil), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", "# nothing\n", "policy:\n", "guard:\n  # all commented out\n", "teams:\n  include:\n"} {
		c, err := Load(nil, environment(nil), write(t, content))
		if err != nil {
			t.Errorf("%q: %v", content, err)
		}
		if diff := cmp.Diff(defaults, c); diff != "" {
			t.Errorf("%q (-default +got):\n%s", content, diff)
		}
	}
}

func TestFileValuesAreTakenAsWritten(t *testing.T) {
	t.Parallel()
	content := "teams:\n  include: &teams [0123, yes, 2026-01-01]\n  exclude: *teams\nlog:\n  level: off\n"
	c, err := Load(nil, environment(nil), write(t, content))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"0123", "yes", "2026-01-01"}
	if diff := cmp.Diff(Teams{Include: want, Exclude: want}, c.Teams); diff != "" {
		t.Error(diff)
	}
	if c.Log.Level != "off" {
		t.Errorf("log.level is %q", c.Log.Level)
	}
}

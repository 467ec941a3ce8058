package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// environment is a getenv that knows these variables and no others.
func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

// write puts a configuration file in place and returns its path.
func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// flat is a Config by full key name, as the struct's tags have it.
func flat(t *testing.T, c Config) map[string]any {
	t.Helper()
	var nested map[string]any
	if err := mapstructure.Decode(c, &nested); err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	for name, value := range nested {
		section, ok := value.(map[string]any)
		if !ok {
			values[name] = value
		}
		for key, value := range section {
			if secret, ok := value.(Secret); ok {
				value = string(secret)
			}
			values[name+"."+key] = value
		}
	}
	return values
}

// samples returns three values of the key's type that differ from its default, as text and as they are decoded.
func samples(t *testing.T, k Key) (texts [3]string, values [3]any) {
	t.Helper()
	switch value := k.Default.(type) {
	case string:
		return [3]string{"one", "two", "three"}, [3]any{"one", "two", "three"}
	case bool: // has two values only: the middle one equals the default
		return [3]string{fmt.Sprint(!value), fmt.Sprint(value), fmt.Sprint(!value)}, [3]any{!value, value, !value}
	case int:
		return [3]string{"71", "72", "73"}, [3]any{71, 72, 73}
	case float64:
		return [3]string{"0.71", "0.72", "0.73"}, [3]any{0.71, 0.72, 0.73}
	case time.Duration:
		return [3]string{"71s", "72m", "73h"}, [3]any{71 * time.Second, 72 * time.Minute, 73 * time.Hour}
	case []string:
		return [3]string{"a,b", "c", "d,e"}, [3]any{[]string{"a", "b"}, []string{"c"}, []string{"d", "e"}}
	default:
		t.Fatalf("%s has a default of type %T, which no flag has", k.Name, value)
		return texts, values
	}
}

func TestEveryKeyIsReadFromFlagEnvironmentAndFile(t *testing.T) {
	t.Parallel()
	for _, k := range Keys() {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			texts, want := samples(t, k)

			document := texts[0]
			if _, list := k.Default.([]string); list {
				document = "[" + texts[0] + "]"
			}
			if section, key, ok := strings.Cut(k.Name, "."); ok {
				document = section + ":\n  " + key + ": " + document
			} else {
				document = k.Name + ": " + document
			}
			path := write(t, document)
			env := map[string]string{k.Env(): texts[1]}
			flag := func(args ...string) *pflag.FlagSet {
				fs := pflag.NewFlagSet(t.Name(), pflag.ContinueOnError)
				Flags(fs)
				if err := fs.Parse(args); err != nil {
					t.Fatal(err)
				}
				return fs
			}

			for _, source := range []struct {
				name string
				fs   *pflag.FlagSet
				env  map[string]string
				path string
				want any
			}{
				{"default", flag(), nil, "", k.Default},
				{"file", flag(), nil, path, want[0]},
				{"environment", flag(), env, "", want[1]},
				{"environment over file", flag(), env, path, want[1]},
				{"flag", flag("--" + k.Flag() + "=" + texts[2]), nil, "", want[2]},
				{"flag over environment and file", flag("--" + k.Flag() + "=" + texts[2]), env, path, want[2]},
			} {
				c, err := Load(source.fs, environment(source.env), source.path)
				if err != nil {
					t.Fatalf("%s: %v", source.name, err)
				}
				got := flat(t, c)
				if diff := cmp.Diff(source.want, got[k.Name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", source.name, diff)
				}
				for _, other := range Keys() {
					if other.Name != k.Name && !cmp.Equal(other.Default, got[other.Name]) {
						t.Errorf("%s: %s became %v", source.name, other.Name, got[other.Name])
					}
				}
			}
		})
	}
}

func TestTableAndStructHoldTheSameKeys(t *testing.T) {
	t.Parallel()
	table := map[string]reflect.Type{}
	for _, k := range Keys() {
		if _, twice := table[k.Name]; twice || k.Usage == "" {
			t.Errorf("%s is there twice, or has no usage", k.Name)
		}
		table[k.Name] = reflect.TypeOf(k.Default)
	}
	fields := map[string]reflect.Type{}
	for name, value := range flat(t, Config{}) {
		fields[name] = reflect.TypeOf(value)
	}
	if diff := cmp.Diff(table, fields, cmp.Comparer(func(a, b reflect.Type) bool { return a == b })); diff != "" {
		t.Errorf("table and struct differ (-table +struct):\n%s", diff)
	}
}

func TestExampleFileHoldsEveryKeyWithItsDefault(t *testing.T) {
	t.Parallel()
	const path = "../../config.example.yaml"
	defaults, err := Load(nil, environment(nil), "")
	if err != nil {
		t.Fatal(err)
	}
	example, err := Load(nil, environment(nil), path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaults, example); diff != "" {
		t.Errorf("the example differs from the defaults (-default +example):\n%s", diff)
	}

	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var written map[string]any
	if err := yaml.Unmarshal(content, &written); err != nil {
		t.Fatal(err)
	}
	for _, k := range Keys() {
		section, key, nested := strings.Cut(k.Name, ".")
		value, ok := written[section]
		if nested {
			values, _ := value.(map[string]any)
			value, ok = values[key]
		}
		if !ok || value == nil {
			t.Errorf("%s is not in the example", k.Name)
		}
	}
}

func TestFileIsNamedByPathOrElseByEnvironment(t *testing.T) {
	t.Parallel()
	one, two := write(t, "policy: one"), write(t, "policy: two")
	for _, test := range []struct{ path, env, want string }{
		{"", "", "managed"},
		{"", two, "two"},
		{one, two, "one"},
	} {
		c, err := Load(nil, environment(map[string]string{FileEnv: test.env}), test.path)
		if err != nil {
			t.Fatal(err)
		}
		if c.Policy != test.want {
			t.Errorf("policy is %q, want %q", c.Policy, test.want)
		}
	}

	missing := filepath.Join(t.TempDir(), "missing.yaml")
	for _, test := range []struct{ path, env string }{{missing, ""}, {"", missing}} {
		_, err := Load(nil, environment(map[string]string{FileEnv: test.env}), test.path)
		if err == nil || !strings.Contains(err.Error(), "missing.yaml: no such file") {
			t.Errorf("a missing file gives %v", err)
		}
	}
}

func TestListsInTheEnvironmentMayQuoteCommas(t *testing.T) {
	t.Parallel()
	c, err := Load(nil, environment(map[string]string{"LITELLM_RECONCILER_TEAMS_INCLUDE": `a,"Sales, EMEA"`}), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "Sales, EMEA"}, c.Teams.Include); diff != "" {
		t.Error(diff)
	}
}

func TestEnvironmentIsReadStrictlyAndAllProblemsAreNamed(t *testing.T) {
	t.Parallel()
	_, err := Load(nil, environment(map[string]string{
		"LITELLM_RECONCILER_REPAIR_BATCH_SIZE":   "2.7",
		"LITELLM_RECONCILER_REPAIR_LOCK_TIMEOUT": "500",
	}), write(t, "policy: [x]"))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"config.yaml:1: policy must be a text; ",
		"LITELLM_RECONCILER_REPAIR_BATCH_SIZE must be an integer; ",
		"LITELLM_RECONCILER_REPAIR_LOCK_TIMEOUT must be a duration with a unit",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}

func TestSecretsAreHiddenWhereAConfigurationIsPrinted(t *testing.T) {
	t.Parallel()
	c := Config{Database: Database{URL: "postgres://u:hunter2@h/d"}, Metrics: Metrics{PushgatewayURL: "http://u:hunter2@h"}}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprintf("%+v", c), string(encoded)} {
		if strings.Contains(text, "hunter2") || strings.Count(text, "[redacted]") != 2 {
			t.Errorf("printed as %s", text)
		}
	}
}

package chart_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"litellm-reconciler/pkg/config"
)

// schema is the part of JSON Schema that values.schema.json is written in.
type schema struct {
	Title                string
	Ref                  string             `json:"$ref"`
	Type                 string             `json:"type"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties any                `json:"additionalProperties"`
	Definitions          map[string]*schema `json:"definitions"`
	Items                *schema            `json:"items"`
	Required             []string           `json:"required"`
	Enum                 []any              `json:"enum"`
	Const                any                `json:"const"`
	Default              any                `json:"default"`
	Pattern              string             `json:"pattern"`
	Minimum              *float64           `json:"minimum"`
	Maximum              *float64           `json:"maximum"`
	ExclusiveMaximum     *float64           `json:"exclusiveMaximum"`
	MinLength, MaxLength *int
	MinItems             *int
}

// readSchema reads it, and refuses what the tests would not look at.
func readSchema(t *testing.T) *schema {
	t.Helper()
	file, err := os.Open(filepath.Join(directory, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	s := &schema{}
	if err := decoder.Decode(&struct {
		*schema
		Dialect string `json:"$schema"`
	}{schema: s}); err != nil {
		t.Fatal(err)
	}
	return s
}

// at follows references, but keeps the default that stands beside one.
func (s *schema) at(root *schema) *schema {
	name, found := strings.CutPrefix(s.Ref, "#/definitions/")
	if !found {
		return s
	}
	resolved := *root.Definitions[name]
	if resolved.Default == nil {
		resolved.Default = s.Default
	}
	return &resolved
}

// leaves calls with every schema that is not a list of further properties, by its path.
func (s *schema) leaves(root *schema, path string, do func(path string, s *schema)) {
	s = s.at(root)
	if s.Properties == nil || s.AdditionalProperties != false {
		do(path, s)
		return
	}
	for name, property := range s.Properties {
		property.leaves(root, strings.TrimPrefix(path+"."+name, "."), do)
	}
}

func TestTheSchemaHasTheValuesAndNoOthers(t *testing.T) {
	t.Parallel()
	root := readSchema(t)
	root.Properties["config"] = &schema{Type: "object"} // see below
	delete(root.Properties, "global")                   // what an umbrella chart hands to all, ...
	delete(root.Properties, "enabled")                  // ... and the usual condition of a dependency
	inSchema, inValues := map[string]bool{}, map[string]bool{}
	root.leaves(root, "", func(path string, s *schema) {
		inSchema[path] = true
		if s.Properties != nil && s.Required == nil {
			t.Errorf("%s takes what it does not know", path)
		}
	})
	content, err := os.ReadFile(filepath.Join(directory, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var defaults map[string]any
	if err := yaml.UnmarshalStrict(content, &defaults); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		section, ok := value.(map[string]any)
		if !ok || inSchema[path] {
			inValues[path] = true
			return
		}
		for name, value := range section {
			walk(strings.TrimPrefix(path+"."+name, "."), value)
		}
	}
	walk("", defaults)
	if diff := cmp.Diff(inSchema, inValues); diff != "" {
		t.Errorf("values.schema.json and values.yaml differ (-schema +values):\n%s", diff)
	}
}

// configuration are the schemas of the program's settings by their names.
func configuration(t *testing.T) map[string]*schema {
	t.Helper()
	root := readSchema(t)
	settings := map[string]*schema{}
	root.Properties["config"].leaves(root, "", func(path string, s *schema) { settings[path] = s })
	return settings
}

func TestTheSchemaHasTheProgramsSettingsWithTheirTypesAndDefaults(t *testing.T) {
	t.Parallel()
	settings := configuration(t)
	for _, key := range config.Keys() {
		s := settings[key.Name]
		delete(settings, key.Name)
		if s == nil {
			t.Errorf("%s is not in the schema", key.Name)
			continue
		}
		if key.Name == "database.url" || key.Name == "database.direct_url" {
			continue // a Secret has them
		}
		kind, fallback := "string", key.Default
		switch value := key.Default.(type) {
		case bool:
			kind = "boolean"
		case int:
			kind, fallback = "integer", float64(value)
		case float64:
			kind = "number"
		case []string:
			kind, fallback = "array", []any{}
		case time.Duration:
			text, _ := s.Default.(string)
			if given, err := time.ParseDuration(text); err != nil || given != value {
				t.Errorf("%s has the default %v, not %v", key.Name, s.Default, value)
			}
			fallback = s.Default
		}
		if s.Type != kind && s.Enum == nil {
			t.Errorf("%s is of type %s, not %s", key.Name, s.Type, kind)
		}
		if diff := cmp.Diff(fallback, s.Default); diff != "" {
			t.Errorf("%s (-default +schema):\n%s", key.Name, diff)
		}
	}
	for name := range settings {
		t.Errorf("%s is no setting", name)
	}
}

// accepts is whether the program takes a setting.
func accepts(t *testing.T, name string, value any) bool {
	t.Helper()
	c, err := config.Load(nil, func(variable string) string {
		switch variable {
		case "DATABASE_URL":
			return "postgresql://u:p@h/d"
		case config.Key{Name: name}.Env():
			return fmt.Sprint(value)
		}
		return ""
	}, "")
	if err == nil {
		_, err = c.Validate(func(string) string { return "postgresql://u:p@h/d" })
	}
	return err == nil
}

// Where the schema ends the program does, too: at the bounds it takes a number,
// beyond them it does not, and where there is no bound it takes a large one.
func TestTheSchemaHasTheBoundsOfTheProgram(t *testing.T) {
	t.Parallel()
	want := func(name string, value any, ok bool) {
		t.Helper()
		if accepts(t, name, value) != ok {
			t.Errorf("%s %v: the schema says %t, the program does not", name, value, ok)
		}
	}
	for name, s := range configuration(t) {
		for _, value := range s.Enum {
			want(name, value, true)
		}
		if s.Enum != nil {
			want(name, "other", false)
		}
		step := 1.0
		switch s.Type {
		case "number":
			step = 0.001
		case "integer":
		default:
			continue
		}
		if s.Minimum == nil {
			t.Errorf("%s has no minimum", name)
			continue
		}
		want(name, *s.Minimum, true)
		want(name, *s.Minimum-step, false)
		switch {
		case s.Maximum != nil:
			want(name, *s.Maximum, true)
			want(name, *s.Maximum+step, false)
		case s.ExclusiveMaximum != nil:
			want(name, *s.ExclusiveMaximum-step, true)
			want(name, *s.ExclusiveMaximum, false)
		default:
			want(name, math.MaxInt32, true)
		}
	}
}

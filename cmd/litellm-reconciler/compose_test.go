package main

import (
	"bytes"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/internal/program"
	"litellm-reconciler/pkg/config"
)

// compose is what docs/compose.yaml may hold: what else it holds is a mistake,
// or is to be added here.
type compose struct {
	Name     string
	Services map[string]struct {
		Image, Build string
		DependsOn    map[string]struct{ Condition string } `yaml:"depends_on"`
		Environment  map[string]yaml.Node
		Healthcheck  struct {
			Test              []string
			Interval, Timeout string
			Retries           int
		}
		Ports       []string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
	}
}

func readCompose(t *testing.T) compose {
	t.Helper()
	text, err := os.ReadFile("../../docs/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c compose
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// environment is what a service gets. A value that is no text to YAML may reach
// it as another one than is written.
func (c compose) environment(t *testing.T, service string) env {
	t.Helper()
	e := env{}
	for name, value := range c.Services[service].Environment {
		if value.ShortTag() != "!!str" {
			t.Errorf("%s of %s is not a text: quote it", name, service)
		}
		e[name] = value.Value
	}
	return e
}

func TestTheComposeFileHoldsTogether(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	pinned := regexp.MustCompile(`^[a-z0-9./-]+:(main-v)?[0-9]+\.[0-9]+(\.[0-9]+-stable)?$`)
	for name, s := range c.Services {
		if s.Build == "" && !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %q is not pinned", name, s.Image)
		}
		if s.Build != "" && s.Image != "" {
			t.Errorf("%s: Compose asks a registry for %s before it builds it", name, s.Image)
		}
		for other, on := range s.DependsOn {
			if c.Services[other].Image == "" || on.Condition == "service_healthy" && c.Services[other].Healthcheck.Test == nil {
				t.Errorf("%s waits for %s, which never gets there", name, other)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to others", name, p)
			}
		}
	}
	db := c.environment(t, "db")
	same := "postgresql://" + db["POSTGRES_USER"] + ":" + db["POSTGRES_PASSWORD"] + "@db:5432/" + db["POSTGRES_DB"]
	for _, service := range []string{"litellm", "reconciler"} {
		if got := c.environment(t, service)["DATABASE_URL"]; got != same {
			t.Errorf("%s has the database %s, and there is %s", service, got, same)
		}
	}
	var known []string
	for _, k := range config.Keys() {
		known = append(known, k.Env())
	}
	for name := range c.environment(t, "reconciler") {
		if strings.HasPrefix(name, config.EnvPrefix) && !slices.Contains(known, name) {
			t.Errorf("the program knows no %s", name)
		}
	}
}

// The steps of docs/getting-started.md, with what LiteLLM's API leaves in the database in place of LiteLLM.
func TestWithTheEnvironmentOfTheComposeFileItRepairsWhatGettingStartedMakes(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	e := readCompose(t).environment(t, "reconciler")
	u, err := url.Parse(e["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	server, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.User, u.Path = server.Host, server.User, server.Path
	e["DATABASE_URL"] = u.String()
	d := &daemon{program.Start(t, command(t.Context(), t, e, "--web-listen-address=127.0.0.1:0"), patience)}
	d.await(t, "/readyz", 200)
	d.awaitMetric(t, "triggers_installed", 1)

	db.Server(t, "deepwiki-id", "deepwiki")
	db.Team(t, "dev")
	db.Group(t, "tools", "deepwiki-id")
	db.SetTeamGroups(t, "dev", "tools")
	db.Key(t, "key", "dev")

	awaitServers(t, db, "dev", "deepwiki-id")
	wantTexts(t, run(t, e, "explain", "alias of key", "deepwiki").wantCode(t, 0).stdout, "Before v1.88: yes")
}

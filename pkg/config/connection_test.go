package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// resolved is what a configuration with these database keys connects to.
func resolved(d Database, env map[string]string) (database, direct Connection, err error) {
	if d.ConnectTimeout == 0 {
		d.ConnectTimeout = 10 * time.Second
	}
	var p problems
	database, direct = d.resolve(environment(env), &p)
	return database, direct, p.err()
}

func TestFirstSourceOfAConnectionWins(t *testing.T) {
	t.Parallel()
	discrete := map[string]string{
		"DATABASE_HOST": "discrete", "DATABASE_USERNAME": "u", "DATABASE_PASSWORD": "p", "DATABASE_NAME": "d", "DATABASE_SCHEMA": "s",
	}
	with := func(extra map[string]string) map[string]string {
		env := map[string]string{}
		for _, variables := range []map[string]string{discrete, extra} {
			for name, value := range variables {
				env[name] = value
			}
		}
		return env
	}
	url := map[string]string{"DATABASE_URL": "postgres://u:p@variable/d\n"}

	for _, test := range []struct {
		name           string
		database       Database
		env            map[string]string
		want, wantPath string
		schema         string
	}{
		{"LiteLLM's discrete variables", Database{}, discrete, "u@discrete:5432/d", "u@discrete:5432/d", "s"},
		{"DATABASE_URL over them, and over their schema", Database{}, with(url), "u@variable:5432/d", "u@variable:5432/d", "public"},
		{"database.url over all", Database{URL: "postgres://u:p@key/d?schema=t"}, with(url), "u@key:5432/d", "u@key:5432/d", "t"},
		{"database.schema over the URL's", Database{URL: "postgres://u:p@key/d?schema=t", Schema: "own"}, nil,
			"u@key:5432/d", "u@key:5432/d", "own"},
		{"database.schema over DATABASE_SCHEMA", Database{Schema: "own"}, discrete, "u@discrete:5432/d", "u@discrete:5432/d", "own"},
		{"DIRECT_URL for the direct way", Database{}, with(map[string]string{"DIRECT_URL": "postgres://u:p@straight/d"}),
			"u@discrete:5432/d", "u@straight:5432/d", "s"},
		{"database.direct_url over DIRECT_URL", Database{DirectURL: "postgres://u:p@key/d"},
			with(map[string]string{"DIRECT_URL": "postgres://u:p@straight/d"}), "u@discrete:5432/d", "u@key:5432/d", "s"},
		{"a URL where tokens are used otherwise", Database{}, with(map[string]string{
			"IAM_TOKEN_DB_AUTH": "true", "DATABASE_URL": "postgres://u:p@variable/d"}), "u@variable:5432/d", "u@variable:5432/d", "public"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			database, direct, err := resolved(test.database, test.env)
			if err != nil {
				t.Fatal(err)
			}
			if database.String() != test.want || direct.String() != test.wantPath {
				t.Errorf("database %s, direct %s; want %s, %s", database, direct, test.want, test.wantPath)
			}
			if database.Schema != test.schema || direct.Schema != test.schema {
				t.Errorf("schemas %q and %q, want %q", database.Schema, direct.Schema, test.schema)
			}
		})
	}
}

func TestDiscreteVariables(t *testing.T) {
	t.Parallel()
	type variables = map[string]string
	for _, test := range []struct {
		name  string
		env   variables
		shown string
	}{
		{"host with a port", variables{"DATABASE_HOST": "h:6432"}, "u@h:6432/d"},
		{"host and port", variables{"DATABASE_HOST": "h", "DATABASE_PORT": "6432"}, "u@h:6432/d"},
		{"the host's own port over the other", variables{"DATABASE_HOST": "h:6432", "DATABASE_PORT": "5432"}, "u@h:6432/d"},
		{"bare IPv6 host", variables{"DATABASE_HOST": "2001:db8::1", "DATABASE_PORT": "6432"}, "u@[2001:db8::1]:6432/d"},
		{"IPv6 host with a port", variables{"DATABASE_HOST": "[::1]:6432"}, "u@[::1]:6432/d"},
		{"Unix socket", variables{"DATABASE_HOST": "/cloudsql/p:r:i"}, "u@/cloudsql/p:r:i:5432/d"},
		{"several hosts", variables{"DATABASE_HOST": "h1,h2", "DATABASE_PORT": "6432"}, "u@h1:6432,h2:6432/d"},
		{"DATABASE_USER of the new chart", variables{"DATABASE_HOST": "h", "DATABASE_USERNAME": "", "DATABASE_USER": "v"}, "v@h:5432/d"},
		{"DATABASE_USERNAME over it", variables{"DATABASE_HOST": "h", "DATABASE_USER": "v"}, "u@h:5432/d"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			env := variables{"DATABASE_USERNAME": "u", "DATABASE_PASSWORD": "p", "DATABASE_NAME": "d"}
			for name, value := range test.env {
				env[name] = value
			}
			c, _, err := resolved(Database{}, env)
			if err != nil {
				t.Fatal(err)
			}
			if c.String() != test.shown {
				t.Errorf("connects to %s, want %s", c, test.shown)
			}
		})
	}
}

func TestDiscreteVariablesMayHoldAnyCharacter(t *testing.T) {
	t.Parallel()
	const odd = ` a:/?#[]@!$&'()*+,;=%41%"\ü` + "`: \n"
	c, _, err := resolved(Database{}, map[string]string{
		"DATABASE_HOST": "h", "DATABASE_USERNAME": odd + "u", "DATABASE_PASSWORD": odd + "p", "DATABASE_NAME": odd + "d",
	})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := pgx.ParseConfig(c.DSN)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{odd + "u", odd + "p", odd + "d"}, []string{parsed.User, parsed.Password, parsed.Database}); diff != "" {
		t.Error(diff)
	}
}

func TestConnectionProblemsNameTheSourceAndTheRemedy(t *testing.T) {
	t.Parallel()
	type variables = map[string]string
	const encode = "not a valid URL: special characters in the user name and the password must be percent-encoded"
	for _, test := range []struct {
		name string
		env  variables
		want string
	}{
		{"nothing", nil, "database: none is given: set --database-url or LITELLM_RECONCILER_DATABASE_URL, or DATABASE_URL, or " +
			"LiteLLM's DATABASE_HOST, DATABASE_USERNAME, DATABASE_PASSWORD and DATABASE_NAME"},
		{"name missing", variables{"DATABASE_HOST": "h", "DATABASE_USER": "u"}, "database: DATABASE_HOST is set, but DATABASE_NAME is not"},
		{"password only", variables{"DATABASE_PASSWORD": "hunter2"},
			"database: DATABASE_PASSWORD is set, but DATABASE_HOST, DATABASE_USERNAME, DATABASE_NAME is not"},
		{"odd host", variables{"DATABASE_HOST": "h/x", "DATABASE_USER": "u", "DATABASE_NAME": "d"},
			"database: DATABASE_HOST must be a host or host:port"},
		{"odd port", variables{"DATABASE_HOST": "h", "DATABASE_USER": "u", "DATABASE_NAME": "d", "DATABASE_PORT": "x"},
			"database: DATABASE_PORT must be a port number"},
		{"tokens", variables{"IAM_TOKEN_DB_AUTH": "True", "DATABASE_HOST": "h", "DATABASE_USER": "u", "DATABASE_NAME": "d"},
			"database: IAM_TOKEN_DB_AUTH is not supported: give a URL with a password"},
		{"other scheme", variables{"DATABASE_URL": "mysql://u:hunter2@h/d"}, "DATABASE_URL: the URL must start with postgresql://"},
		{"no database", variables{"DATABASE_URL": "postgres://u:hunter2@h"}, "DATABASE_URL: the URL names no database"},
		{"raw % in the password", variables{"DATABASE_URL": "postgres://u:hunter2%zz@h/d"}, "DATABASE_URL: " + encode},
		{"raw # in the password", variables{"DATABASE_URL": "postgres://u:hunter2#z@h/d"}, "DATABASE_URL: " + encode},
		{"raw @ in the password", variables{"DATABASE_URL": "postgres://u:hunter2@z@h/d"}, "DATABASE_URL: " + encode},
		{"raw / in the password", variables{"DATABASE_URL": "postgres://u:5432/hunter2@h/d"}, "DATABASE_URL: " + encode},
		{"raw ? in the password", variables{"DATABASE_URL": "postgres://u:5432?dbname=hunter2@h/d"}, "DATABASE_URL: " + encode},
		{"password where the port belongs", variables{"DATABASE_URL": "postgres://u:hunter2/d"}, "DATABASE_URL: " + encode},
		{"variables that were not expanded", variables{"DATABASE_URL": "postgresql://$(DATABASE_USER):hunter2@$(DATABASE_HOST)/d"},
			"DATABASE_URL: " + encode},
		{"odd parameters", variables{"DATABASE_URL": "postgres://u:hunter2@h/d?a=1;b=2"}, "DATABASE_URL: not a valid URL: the parameters"},
		{"port out of range", variables{"DATABASE_URL": "postgres://u:hunter2@h:70000/d"},
			"DATABASE_URL: not a connection that works: invalid port"},
		{"CA that is not there", variables{"DATABASE_URL": "postgres://u:hunter2@h/d?sslmode=require&sslrootcert=/no/ca.pem"},
			"DATABASE_URL: not a connection that works: failed to configure TLS (unable to read CA file: open /no/ca.pem: "},
		{"direct way", variables{"DATABASE_URL": "postgres://u:p@h/d", "DIRECT_URL": "h:hunter2"},
			"DIRECT_URL: the URL must start with"},
		{"schemas that differ", variables{"DATABASE_URL": "postgres://u:p@h/d", "DIRECT_URL": "postgres://u:hunter2@h/d?schema=x"},
			`DIRECT_URL: names schema "x", but the database URL "public"; database.schema settles it`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := resolved(Database{}, test.env)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
		})
	}
}

func TestConnectionIsShownWithoutItsPassword(t *testing.T) {
	t.Parallel()
	c, _, err := resolved(Database{URL: "postgres://u:hunter2@h1:1,h2/d?sslpassword=hunter2"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var text, encoded bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("connected", "to", c, "valid", Valid{Database: c})
	slog.New(slog.NewJSONHandler(&encoded, nil)).Info("connected", "to", c, "valid", Valid{Database: c})
	marshalled, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		c.String(), fmt.Sprintf("%+v", Valid{Database: c}), text.String(), encoded.String(), string(marshalled),
	} {
		if !strings.Contains(shown, "u@h1:1,h2:5432/d") || strings.Contains(shown, "hunter2") {
			t.Errorf("shown as %s", shown)
		}
	}
	if shown := (Connection{DSN: "postgres://u:hunter2@h:x/d"}).String(); shown != "no valid connection" {
		t.Errorf("an invalid connection is shown as %s", shown)
	}
}

func FuzzConnection(f *testing.F) {
	for _, seed := range []string{
		"", "a", "%40", "%zz", "%00", "a@b", "a#b", "a/b", "5432/a", "a?dbname=b", "5432?password=a", "a:b", " ", "`: ", "\x00\n",
		"a@h1:1,[::1]:2/d?schema=s&sslpassword=", "a@h/d?options=-c%20a%3Db&sslmode=x&target_session_attrs=",
	} {
		f.Add(seed, "")
		f.Add("", seed)
	}
	const password = "hunter2-hunter2"
	f.Fuzz(func(t *testing.T, before, after string) {
		// A host and a database stand behind the password: whatever else is in it, it is meant as one.
		raw := "postgres://u:" + before + password + after + "@h/d"
		c, _, err := resolved(Database{URL: Secret(raw)}, nil)
		if err != nil {
			if strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error for %q: %v", raw, err)
			}
			return
		}
		if strings.Contains(c.String(), password) {
			t.Errorf("%q is shown as %s", raw, c)
		}
		parsed, err := pgx.ParseConfig(c.DSN)
		if err != nil || !strings.Contains(parsed.Password, password) {
			t.Errorf("%q lost its password: %v", raw, err)
		}

		// Anything may be in a discrete variable, but a byte Postgres has no way to take.
		if strings.Contains(before+after, "\x00") {
			return
		}
		c, _, err = resolved(Database{}, map[string]string{
			"DATABASE_HOST": "h", "DATABASE_USER": "u", "DATABASE_PASSWORD": before + password + after, "DATABASE_NAME": "d",
		})
		if err != nil || c.String() != "u@h:5432/d" {
			t.Errorf("%q as a password gives %s, %v", before+password+after, c, err)
		}
	})
}

package config

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What is accepted comes out in a form that means the same when it is read
// again, and one line says what is wrong with everything else.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{
		"postgres://u:p@h:6432/d", "postgresql://u:a:b@h1:1,[::1],h3:3/my%20db?target_session_attrs=read-write&schema=My%20Schema",
		"postgres:///d?host=/run&port=6432&user=u&password=p", "postgres://u:%25%23%40%2F%3F+%20@%2Frun/d?connect_timeout=0",
		"postgres://u@h/d?options=-c%20a%3Db&sslmode=require&sslaccept=strict&sslcert=/ca&pgbouncer=true&connection_limit=1",
		"postgres://h/d?dbname=e&connect_timeout=1e3", "postgres://u:p@h:99999/d", "mysql://h/d", "postgres://%zz@h/d", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		c, _, err := resolved(Database{URL: Secret(raw)}, nil)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error for %q: %v", raw, err)
			}
			return
		}
		again, _, err := resolved(Database{URL: Secret(c.DSN), Schema: c.Schema}, nil)
		if err != nil || again != c {
			t.Errorf("%q becomes %+v, and that %+v, error %v", raw, c.DSN, again.DSN, err)
		}
	})
}

// A file is accepted, and means the same as all of its settings given in the
// environment, or is refused in one line without what is secret in it.
func FuzzLoad(f *testing.F) {
	const password = "hunter2-hunter2"
	for _, seed := range []string{
		"policy: exact\n", "  schema: s\nguard:\n  max_revoked_fraction: .5\n", "teams:\n  include: [a, 'b,c', \"d\\\"e\"]\n  exclude: []\n",
		"repair: {batch_size: 1, lock_timeout: 1s}\n", "repair: null\nschedule:\n  cron: '*/5 * * * *'\n", "policy: &p exact\nlog: {level: *p}\n",
		"  url: x\n", "database: 1\n", "\t", "--- \n...\n---\n", "? [a]: b\n", "polcy: exact\n", "web: {listen_address: ''}\n", "x: *y\n", "{", "\x00", "\xff",
		"metrics:\n  pushgateway_url: http://u:" + password + "@h\n", "litellm:\n  url: ftp://u:" + password + "@h\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		path := write(t, "database:\n  url: postgres://u:"+password+"@h/d\n"+content)
		c, err := Load(nil, environment(nil), path)
		if err != nil {
			wantOneLine(t, err, path, password)
			return
		}
		variables := map[string]string{}
		values := flat(t, c)
		for _, k := range Keys() {
			variables[k.Env()] = asText(t, values[k.Name])
			// Empty is not set there: an empty text would be the default.
			if variables[k.Env()] == "" && !reflect.DeepEqual(values[k.Name], k.Default) && fmt.Sprint(k.Default) != "[]" {
				return
			}
		}
		again, err := Load(nil, environment(variables), "")
		if diff := cmp.Diff(c, again, cmp.Comparer(func(a, b []string) bool { return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b) })); err != nil || diff != "" {
			t.Errorf("as environment: %v\n%s", err, diff)
		}
		valid, err := c.Validate(environment(nil))
		if err != nil {
			wantOneLine(t, err, path, password)
		} else if shown := fmt.Sprintf("%+v", valid); strings.Contains(shown, password) {
			t.Errorf("a password in %s", shown)
		}
	})
}

func wantOneLine(t *testing.T, err error, path, password string) {
	t.Helper()
	if text := strings.ReplaceAll(err.Error(), path, "file"); strings.ContainsAny(text, "\r\n") || strings.Contains(text, password) {
		t.Errorf("error %q", text)
	}
}

// asText is a value as an environment variable has it.
func asText(t *testing.T, value any) string {
	t.Helper()
	switch value := value.(type) {
	case time.Duration:
		return value.String()
	case []string:
		if len(value) == 0 {
			return ""
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		if err := w.Write(value); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		return strings.TrimSuffix(b.String(), "\n")
	default:
		return fmt.Sprint(value)
	}
}

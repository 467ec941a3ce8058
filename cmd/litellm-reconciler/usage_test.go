package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUsageAndConfigurationErrorsAreOneLineThatNamesTheRemedy(t *testing.T) {
	t.Parallel()
	away := env{"DATABASE_URL": "postgresql://who:hunter2@127.0.0.1:1/litellm"}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("repair:\n  batchsize: 100\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		env   env
		args  []string
		texts []string
	}{
		"no database": {env{}, []string{"--once"},
			[]string{"LITELLM_RECONCILER_DATABASE_URL", "DATABASE_URL", "DATABASE_HOST"}},
		"half of the discrete variables": {env{"DATABASE_HOST": "db", "DATABASE_PASSWORD": "hunter2"}, []string{"--once"},
			[]string{"DATABASE_HOST is set", "DATABASE_USERNAME, DATABASE_NAME is not"}},
		"a URL of another database": {env{"DATABASE_URL": "mysql://who:hunter2@db/litellm"}, []string{"--once"},
			[]string{"DATABASE_URL", "must start with postgresql://"}},
		"a password that is not encoded": {env{"DATABASE_URL": "postgresql://who:hunter2#@db/litellm"}, []string{"--once"},
			[]string{"DATABASE_URL", "percent-encoded"}},
		"a URL without a database": {env{"DATABASE_URL": "postgresql://who:hunter2@db"}, []string{"--once"},
			[]string{"must end in /name"}},
		"the ledger in LiteLLM's schema": {away, []string{"--once", "--ledger-schema=public"},
			[]string{"ledger.schema", "must differ from LiteLLM's schema"}},
		"an unknown key": {away, []string{"--config", file},
			[]string{file + ":2", `unknown key "repair.batchsize"`, `"repair.batch_size"`}},
		"no such file": {away, []string{"--config", "no.yaml"},
			[]string{"no.yaml", "no such file"}},
		"an unknown policy": {away, []string{"--once", "--policy=total"},
			[]string{`policy is "total"`, "managed, additive, exact"}},
		"a variable that is no number": {env{"DATABASE_URL": away["DATABASE_URL"], "LITELLM_RECONCILER_REPAIR_ATTEMPTS": "many"}, []string{"--once"},
			[]string{"LITELLM_RECONCILER_REPAIR_ATTEMPTS", "an integer"}},
		"several errors at once": {env{}, []string{"--once", "--policy=total", "--repair-batch-size=0"},
			[]string{"DATABASE_URL", "policy", "repair.batch_size"}},
		"an unknown flag":             {away, []string{"--onse"}, []string{"--onse"}},
		"a key in place of a command": {away, []string{"sk-1234567890abcdef"}, []string{`unknown command "[redacted]"`}},
		"an unknown command":          {away, []string{"repair"}, []string{`unknown command "repair"`}},
		"an unknown output":           {away, []string{"--once", "-o", "yaml"}, []string{`"yaml"`, "text or json"}},
		"JSON of a daemon":            {away, []string{"-o", "json"}, []string{"--once", "--log-format json"}},
		"--exit-code with a repair":   {away, []string{"--once", "--exit-code"}, []string{"--once --dry-run"}},
		"a Pushgateway that is none":  {away, []string{"--metrics-pushgateway-url=who:hunter2@gateway"}, []string{"metrics.pushgateway_url", "http://"}},
		"cron with an empty zone":     {away, []string{"--schedule-cron=TZ="}, []string{`"TZ="`, "CRON_TZ=Europe/Berlin 30 2 * * *"}},
		"cron with a zone alone":      {away, []string{"--schedule-cron=CRON_TZ=foo"}, []string{`"CRON_TZ=foo"`, "CRON_TZ=Europe/Berlin 30 2 * * *"}},
		"cron in an unknown zone":     {away, []string{"--schedule-cron=CRON_TZ=foo * * * * *"}, []string{`time zone "foo"`, "Europe/Berlin"}},
		"cron with four fields":       {away, []string{"--schedule-cron=* * * *"}, []string{"4 fields", "@every 5m"}},
		"cron that never fires":       {away, []string{"--schedule-cron=0 0 30 2 *"}, []string{"never fires", "the day and the month"}},
		"migrate without a step":      {away, []string{"migrate"}, []string{"migrate up", "migrate status", "migrate down"}},
		"migrate with another step":   {away, []string{"migrate", "sideways"}, []string{"sideways"}},
		"migrate down unconfirmed":    {away, []string{"migrate", "down"}, []string{"can no longer be taken back", "--yes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			r := run(t, test.env, test.args...).wantCode(t, 64)

			wantTexts(t, r.complaint(t), test.texts...)
			if r.stdout != "" || strings.Count(r.stderr, "\n") != 1 {
				t.Errorf("more than one line: %s%s", r.stdout, r.stderr)
			}
			if strings.Contains(r.stderr, "hunter2") {
				t.Errorf("the password is shown: %s", r.stderr)
			}
		})
	}
}

func TestHelpAndVersionNeedNoConfiguration(t *testing.T) {
	t.Parallel()
	for arg, text := range map[string]string{"--help": "Exit codes:", "version": "litellm-reconciler dev go"} {
		r := run(t, env{}, arg).wantCode(t, 0)
		wantTexts(t, r.stdout, text)
		if r.stderr != "" {
			t.Errorf("%s wrote to standard error: %s", arg, r.stderr)
		}
	}
}

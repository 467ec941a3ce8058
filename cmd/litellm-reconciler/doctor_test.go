package main

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// diagnosis is the JSON form of a report as others rely on it.
type diagnosis struct {
	Status string `json:"status"`
	For    string `json:"for"`
	Checks []struct {
		Name   string  `json:"name"`
		Status string  `json:"status"`
		Detail string  `json:"detail"`
		Remedy *string `json:"remedy"`
	} `json:"checks"`
	NotRun []string `json:"not_run"`
}

func (r result) diagnosis(t *testing.T) diagnosis {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(r.stdout))
	decoder.DisallowUnknownFields()
	var d diagnosis
	if err := decoder.Decode(&d); err != nil {
		t.Fatalf("%v in %s", err, r.stdout)
	}
	return d
}

func TestTheDoctorHasALineForEachCheck(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)

	r := run(t, of(db), "doctor").wantCode(t, 0)

	wantTexts(t, r.stdout, "ok    database      PostgreSQL ", "\nok    config        policy managed, for every team\n",
		"\nwarn  ledger        not installed yet: the first pass does it, as user ", ": litellm-reconciler migrate up does it now\n")
	if n := strings.Count(r.stdout, "\n"); n != 11 || r.stderr != "" {
		t.Errorf("%d lines, and on standard error %q: %s", n, r.stderr, r.stdout)
	}
	if hasLedger(t, db) {
		t.Error("the doctor installed the ledger")
	}
	once(t, db, 0)
	wantTexts(t, run(t, of(db), "doctor").wantCode(t, 0).stdout, "\nok    ledger        schema litellm_reconciler, version ")
}

func TestTheDoctorsJSONHasAStableShape(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	d := run(t, of(db), "doctor", "--for=revert", "-o", "json").wantCode(t, 0).diagnosis(t)
	if d.Status != "warn" || d.For != "revert" || d.NotRun == nil || len(d.NotRun) > 0 {
		t.Errorf("got %+v", d)
	}
	var names []string
	for _, c := range d.Checks {
		names = append(names, c.Name)
		if c.Detail == "" || c.Remedy == nil || !slices.Contains([]string{"ok", "warn", "fail"}, c.Status) {
			t.Errorf("not a check: %+v", c)
		}
	}
	if got := strings.Join(names, " "); got != "database pooler litellm foreign_keys triggers rights ledger events writers proxy config" {
		t.Errorf("checks: %s", got)
	}
}

func TestTheDoctorFailsWithoutAConnectionAndGoesOn(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	e := env{"DATABASE_URL": edited(t, db, func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "hunter2") }),
		"LITELLM_RECONCILER_LITELLM_URL": "http://who:hunter2@127.0.0.1:1"}

	r := run(t, e, "doctor").wantCode(t, 1)
	wantTexts(t, r.stdout, "fail  database      Postgres at 127.0.0.1:", `refuses user "`,
		"\nwarn  proxy         no version from http://127.0.0.1:1/health/readiness: ", "\nok    config        ",
		"\nnot checked for that reason: pooler, litellm, foreign_keys, triggers, rights, ledger, events, writers\n")
	d := run(t, e, "doctor", "-o", "json").wantCode(t, 1).diagnosis(t)
	if d.Status != "fail" || len(d.NotRun) != 8 {
		t.Errorf("got %+v", d)
	}
	if strings.Contains(r.stdout+r.stderr, "hunter2") || r.stderr != "" {
		t.Errorf("a password, or something on standard error: %+v", r)
	}
}

func TestTheDoctorFailsWhereADaemonWould(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	once(t, db, 0)
	reader := env{"DATABASE_URL": db.Role(t, "reader", "GRANT pg_read_all_data TO {role}", "ALTER ROLE {role} SET default_transaction_read_only = on")}
	wantTexts(t, run(t, reader, "doctor").wantCode(t, 1).stdout, "\nfail  rights        a right is missing, run as the owner: GRANT UPDATE (")
	run(t, reader, "doctor", "--for=plan").wantCode(t, 0)

	db.Exec(t, `DROP TABLE {schema}."LiteLLM_AccessGroupTable"`)
	wantTexts(t, run(t, of(db), "doctor", "--for=plan").wantCode(t, 1).stdout, "\nfail  litellm       ", "older than v1.81.12")
}

func TestWrongUseOfTheDoctorIsOneLine(t *testing.T) {
	t.Parallel()
	away := env{"DATABASE_URL": "postgresql://who:hunter2@127.0.0.1:1/litellm"}
	for name, test := range map[string]struct {
		env  env
		args []string
		code int
		text string
	}{
		"no database":             {env{}, nil, 64, "DATABASE_URL"},
		"an argument":             {away, []string{"now"}, 64, `unknown command "now"`},
		"an unknown output":       {away, []string{"-o", "yaml"}, 64, "use text or json"},
		"an unknown purpose":      {away, []string{"--for=show"}, 64, `--for "show" is unknown: use daemon, plan or revert`},
		"a schedule of no daemon": {away, []string{"--schedule-cron=* * * *"}, 64, "4 fields"},
		"grants for nobody":       {away, []string{"--print-grants="}, 64, "needs the name of a role"},
		"grants for everybody":    {away, []string{"--print-grants", "public"}, 64, "that is no role"},
		"a role of two lines":     {away, []string{"--print-grants", "a\nb"}, 64, "needs the name of a role"},
		"a role of many letters":  {away, []string{"--print-grants", strings.Repeat("a", 64)}, 64, "63 bytes at most"},
		"grants as JSON":          {away, []string{"--print-grants", "a", "-o", "json"}, 64, "leave out --output json"},
		"grants of no database":   {away, []string{"--print-grants", "a"}, 1, "doctor: cannot reach Postgres at 127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, test.env, append([]string{"doctor"}, test.args...)...).wantCode(t, test.code)
			wantTexts(t, r.complaint(t), test.text)
			if r.stdout != "" || strings.Contains(r.stderr, "hunter2") {
				t.Errorf("more than the complaint: %+v", r)
			}
		})
	}
}

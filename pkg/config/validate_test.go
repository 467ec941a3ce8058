package config

import (
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"
)

// defaults is a configuration that is valid and names a database.
func defaults(t *testing.T) Config {
	t.Helper()
	c, err := Load(nil, environment(nil), "")
	if err != nil {
		t.Fatal(err)
	}
	c.Database.URL = "postgres://u:hunter2@h/d?sslmode=disable"
	return c
}

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	c := defaults(t)
	got, err := c.Validate(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := Valid{
		Database:        got.Database,
		Direct:          got.Database,
		MaxConnections:  4,
		Policy:          "managed",
		Guard:           Guard{MaxRevokedFraction: 0.25, MinRevokedTeams: 10, MaxCeilingsCreated: -1, MaxCeilingsRemoved: -1},
		Repair:          Repair{BatchSize: 125, Concurrency: 2, LockTimeout: 500 * time.Millisecond, StatementTimeout: 30 * time.Second, Attempts: 5},
		Ledger:          Ledger{Schema: "litellm_reconciler", AutoMigrate: true},
		Watch:           Watch{PollInterval: time.Second},
		Lease:           Lease{Duration: 15 * time.Second},
		Schedule:        Schedule{Interval: 30 * time.Second, Jitter: 0.1},
		ShutdownTimeout: 30 * time.Second,
		Web:             Web{ListenAddress: ":9464"},
		Metrics:         Metrics{PushgatewayJob: "litellm_reconciler"},
		LogLevel:        slog.LevelInfo,
		LogFormat:       "auto",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestValuesOutsideTheirRangeAreNamedWithIt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Database.MaxConnections = 0 }, "database.max_connections is 0, must be between 1 and 1000"},
		{func(c *Config) { c.Database.MaxConnections = 1001 }, "database.max_connections is 1001, must be between 1 and 1000"},
		{func(c *Config) { c.Database.ConnectTimeout = 0 }, "database.connect_timeout is 0s, must be at least 1s"},
		{func(c *Config) { c.Database.Schema = strings.Repeat("x", 64) },
			"database.url: LiteLLM's schema must be a name of 63 bytes at most"},
		{func(c *Config) { c.Policy = "Managed" }, `policy is "Managed", must be one of managed, additive, exact`},
		{func(c *Config) { c.Guard.MaxRevokedFraction = 1.1 }, "guard.max_revoked_fraction is 1.1, must be between 0 and 1"},
		{func(c *Config) { c.Guard.MaxRevokedFraction = -0.1 }, "guard.max_revoked_fraction is -0.1, must be between 0 and 1"},
		{func(c *Config) { c.Guard.MaxRevokedFraction = math.NaN() }, "guard.max_revoked_fraction is NaN, must be between 0 and 1"},
		{func(c *Config) { c.Guard.MinRevokedTeams = -1 }, "guard.min_revoked_teams is -1, must be at least 0"},
		{func(c *Config) { c.Guard.MaxCeilingsCreated = -2 },
			"guard.max_ceilings_created is -2, must be at least 0, or -1 for no limit"},
		{func(c *Config) { c.Guard.MaxCeilingsRemoved = -2 },
			"guard.max_ceilings_removed is -2, must be at least 0, or -1 for no limit"},
		{func(c *Config) { c.Repair.BatchSize = 0 }, "repair.batch_size is 0, must be between 1 and 1000"},
		{func(c *Config) { c.Repair.Concurrency = 0 }, "repair.concurrency is 0, must be between 1 and 16"},
		{func(c *Config) { c.Repair.Concurrency = 17 }, "repair.concurrency is 17, must be between 1 and 16"},
		{func(c *Config) { c.Repair.BatchSize = 1001 }, "repair.batch_size is 1001, must be between 1 and 1000"},
		{func(c *Config) { c.Repair.LockTimeout = time.Microsecond }, "repair.lock_timeout is 1µs, must be at least 1ms"},
		{func(c *Config) { c.Repair.StatementTimeout = 0 }, "repair.statement_timeout is 0s, must be at least 1ms"},
		{func(c *Config) { c.Repair.Attempts = 0 }, "repair.attempts is 0, must be between 1 and 100"},
		{func(c *Config) { c.Repair.Attempts = 101 }, "repair.attempts is 101, must be between 1 and 100"},
		{func(c *Config) { c.Ledger.Schema = "" },
			`ledger.schema is "", must be a name of lower-case letters, digits and _, 63 at most, that starts with no digit`},
		{func(c *Config) { c.Ledger.Schema = strings.Repeat("x", 64) }, `ledger.schema is "` + strings.Repeat("x", 64) +
			`", must be a name of lower-case letters, digits and _, 63 at most, that starts with no digit`},
		{func(c *Config) { c.Ledger.Schema = `x"; drop` },
			`ledger.schema is "x\"; drop", must be a name of lower-case letters, digits and _, 63 at most, that starts with no digit`},
		{func(c *Config) { c.Ledger.Schema = "pg_own" },
			`ledger.schema is "pg_own", must not be a name that Postgres keeps for itself`},
		{func(c *Config) { c.Ledger.Schema = "public" }, `ledger.schema is "public", must differ from LiteLLM's schema`},
		{func(c *Config) { c.Watch.PollInterval = 999 * time.Millisecond }, "watch.poll_interval is 999ms, must be at least 1s"},
		{func(c *Config) { c.Lease.Duration = 4999 * time.Millisecond }, "lease.duration is 4.999s, must be at least 5s"},
		{func(c *Config) { c.Schedule.Interval = 999 * time.Millisecond }, "schedule.interval is 999ms, must be at least 1s"},
		{func(c *Config) { c.Schedule.Jitter = 2 }, "schedule.jitter is 2, must be at least 0 and less than 1"},
		{func(c *Config) { c.ShutdownTimeout = 0 }, "shutdown_timeout is 0s, must be more than 0"},
		{func(c *Config) { c.Web.ListenAddress = "9464" },
			`web.listen_address is "9464", must be host:port or :port, or empty to turn it off`},
		{func(c *Config) { c.Web.ReadyMaxAge = -time.Second }, "web.ready_max_age is -1s, must be at least 0"},
		{func(c *Config) { c.Metrics.PushgatewayURL = "u:hunter2@h:9091" },
			"metrics.pushgateway_url must be an http:// or https:// URL, or empty"},
		{func(c *Config) { c.Metrics.PushgatewayJob = "" }, "metrics.pushgateway_job must not be empty"},
		{func(c *Config) { c.LiteLLM.URL = "u:hunter2@h:4000" }, "litellm.url must be an http:// or https:// URL, or empty"},
		{func(c *Config) { c.Log.Level = "verbose" }, `log.level is "verbose", must be one of debug, info, warn, error`},
		{func(c *Config) { c.Log.Format = "xml" }, `log.format is "xml", must be one of auto, text, json`},
		{func(c *Config) { c.Repair.Attempts, c.Log.Format, c.Database.URL = 0, "", "hunter2" },
			"database.url: the URL must start with postgresql:// or postgres://; " +
				"repair.attempts is 0, must be between 1 and 100; " + `log.format is "", must be one of auto, text, json`},
	} {
		t.Run(test.want, func(t *testing.T) {
			t.Parallel()
			c := defaults(t)
			test.change(&c)
			_, err := c.Validate(environment(nil))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestALedgerSchemaThatPostgresKeepsForItselfIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"order", "user", "information_schema", "pg_own"} {
		c := defaults(t)
		c.Ledger.Schema = name
		if _, err := c.Validate(environment(nil)); err == nil || !strings.Contains(err.Error(), "keeps for itself") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every team would be selected.
func TestABlankIncludeIsRefused(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"--teams-include=", "--teams-include= ", "--organizations-include=", "--organizations-include= , "} {
		fs := pflag.NewFlagSet("", pflag.ContinueOnError)
		Flags(fs)
		if err := fs.Parse([]string{arg, "--database-url=postgres://u@h/d"}); err != nil {
			t.Fatal(err)
		}
		c, err := Load(fs, environment(nil), "")
		if err == nil {
			_, err = c.Validate(environment(nil))
		}
		if err == nil || !strings.Contains(err.Error(), "name at least one or leave it out") {
			t.Errorf("%s: %v", arg, err)
		}
	}
}

func TestValuesAtTheEndsOfTheirRangeAreValid(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"least": func(c *Config) {
			c.Database.MaxConnections, c.Database.ConnectTimeout = 1, time.Second
			c.Guard = Guard{MaxCeilingsCreated: -1, MaxCeilingsRemoved: -1}
			c.Repair = Repair{BatchSize: 1, Concurrency: 1, LockTimeout: time.Millisecond, StatementTimeout: time.Millisecond, Attempts: 1}
			c.Schedule.Interval, c.Schedule.Jitter, c.ShutdownTimeout = time.Second, 0, 1
			c.Watch.PollInterval, c.Lease.Duration = time.Second, 5*time.Second
			c.Web = Web{}
		},
		"most": func(c *Config) {
			c.Database.MaxConnections = 1000
			c.Guard.MaxRevokedFraction, c.Schedule.Jitter = 1, 0.999
			c.Repair.BatchSize, c.Repair.Concurrency, c.Repair.Attempts = 1000, 16, 100
			c.Ledger.Schema = strings.Repeat("x", 63)
			c.Metrics.PushgatewayURL = "https://u:p@gateway:9091/prefix"
		},
	} {
		c := defaults(t)
		change(&c)
		if _, err := c.Validate(environment(nil)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSelectionsAreFreedOfBlanksAndDuplicates(t *testing.T) {
	t.Parallel()
	c := defaults(t)
	c.Teams = Teams{Include: []string{" a", "", "b", "a "}, Exclude: []string{" "}}
	c.Organizations.Include = []string{"o", "o"}
	v, err := c.Validate(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Teams{Include: []string{"a", "b"}}, v.Teams, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"o"}, v.Organizations.Include); diff != "" {
		t.Error(diff)
	}
}

func TestTheLevelIsTyped(t *testing.T) {
	t.Parallel()
	c := defaults(t)
	c.Log.Level = "warn"
	v, err := c.Validate(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	if v.LogLevel != slog.LevelWarn {
		t.Errorf("level %s", v.LogLevel)
	}
}

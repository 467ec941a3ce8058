package config

import (
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

const (
	// EnvPrefix starts the environment variable of every key.
	EnvPrefix = "LITELLM_RECONCILER_"
	// FileEnv names the configuration file where no --config flag does.
	FileEnv = EnvPrefix + "CONFIG"
)

// Key is one setting. Flags, environment variables, defaults, the keys a file may hold and the reference documentation
// all derive from it. The type of Default is the type of the setting.
type Key struct {
	Name    string
	Default any
	Usage   string
}

// Flag is the name of the key's command line flag: guard.max_revoked_fraction is guard-max-revoked-fraction.
func (k Key) Flag() string {
	return strings.NewReplacer(".", "-", "_", "-").Replace(k.Name)
}

// Env is the key's environment variable.
func (k Key) Env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// Keys lists every setting, in the order of the documentation.
func Keys() []Key {
	return []Key{
		{"database.url", "", "LiteLLM's database URL, Prisma parameters included; prefer the environment, a command line is visible to others"},
		{"database.direct_url", "", "URL that bypasses a connection pooler, for migrations and to be told of changes (default: DIRECT_URL, then the database URL)"},
		{"database.schema", "", "schema of LiteLLM's tables (default: the URL's schema parameter or DATABASE_SCHEMA, then public)"},
		{"database.max_connections", 4, "most connections to open"},
		{"database.connect_timeout", 10 * time.Second, "give up connecting after this long, unless the URL has a connect_timeout"},

		{"litellm.url", "", "URL of a LiteLLM proxy, which doctor asks for its version; nothing else is asked of it"},
		{"litellm.require_key_mcp_access_defined", false, "LiteLLM's general setting of that name, for plan and explain: keys without servers of their own have none"},

		{"policy", "managed", "managed: revoke only what we granted; additive: never revoke; exact: a team has what its groups grant and nothing else"},
		{"teams.include", []string{}, "repair only these teams (ids or aliases)"},
		{"teams.exclude", []string{}, "never touch these teams (ids or aliases)"},
		{"organizations.include", []string{}, "repair only teams of these organizations (ids or aliases)"},

		{"guard.max_revoked_fraction", 0.25, "refuse a pass that takes entries from more than this fraction of the teams that own grants"},
		{"guard.min_revoked_teams", 10, "the fraction refuses nothing while fewer teams than this lose entries"},
		{"guard.max_ceilings_created", -1, "refuse a pass that restricts more than this many unrestricted teams (-1: no limit)"},
		{"guard.max_ceilings_removed", -1, "refuse a pass that leaves more than this many teams unrestricted (-1: no limit)"},

		{"repair.batch_size", 125, "teams repaired in one transaction"},
		{"repair.concurrency", 2, "repair transactions at the same time"},
		{"repair.lock_timeout", 500 * time.Millisecond, "longest wait for a lock before a team is left for a later attempt"},
		{"repair.statement_timeout", 30 * time.Second, "longest a statement may run"},
		{"repair.attempts", 5, "attempts at a busy team within one pass"},

		{"watch.triggers", false, "install triggers on LiteLLM's tables, and again where they are missing, so that changes are repaired at once"},
		{"watch.poll_interval", time.Second, "with triggers, how often to look for changes where Postgres cannot tell of them"},

		{"lease.duration", 15 * time.Second, "with several copies, one that dies is followed after this long at most"},

		{"ledger.schema", "litellm_reconciler", "schema of our own tables, never LiteLLM's"},
		{"ledger.auto_migrate", true, "create and upgrade our own tables at start"},

		{"schedule.cron", "", "cron expression of the full passes; takes the place of the interval"},
		{"schedule.timezone", "", "time zone of the cron expression (default: UTC)"},
		{"schedule.interval", 30 * time.Second, "pause between full passes where no cron expression is given"},
		{"schedule.jitter", 0.1, "spread each pause by up to this fraction of the interval"},
		{"shutdown_timeout", 30 * time.Second, "time to finish the current batch after a termination signal"},

		{"web.listen_address", ":9464", "address of metrics and health checks (empty: off)"},
		{"web.config_file", "", "Prometheus web configuration file, for TLS and basic authentication"},
		{"web.ready_max_age", time.Duration(0), "not ready when the last good pass is older than this (0: derived from the schedule)"},
		{"metrics.textfile", "", "write metrics to this file after each pass, for node_exporter's textfile collector"},
		{"metrics.pushgateway_url", "", "push metrics to this Pushgateway after each pass"},
		{"metrics.pushgateway_job", "litellm_reconciler", "push them as this job: one for each installation that shares a Pushgateway"},

		{"log.level", "info", "debug, info, warn or error"},
		{"log.format", "auto", "text, json, or auto: text on a terminal, otherwise json"},
	}
}

// Flags adds a flag for every key.
func Flags(fs *pflag.FlagSet) {
	for _, k := range Keys() {
		switch value := k.Default.(type) {
		case string:
			fs.String(k.Flag(), value, k.Usage)
		case bool:
			fs.Bool(k.Flag(), value, k.Usage)
		case int:
			fs.Int(k.Flag(), value, k.Usage)
		case float64:
			fs.Float64(k.Flag(), value, k.Usage)
		case time.Duration:
			fs.Duration(k.Flag(), value, k.Usage)
		case []string:
			fs.StringSlice(k.Flag(), value, k.Usage)
		}
	}
}

// parse reads a value as its flag would. Environment and file go through it too: left to weak decoding, 2.7 would become
// the integer 2, and a timeout of 30 would be 30 nanoseconds.
func (k Key) parse(text string) (any, error) {
	switch k.Default.(type) {
	case bool:
		return strconv.ParseBool(text)
	case int:
		return strconv.Atoi(text)
	case float64:
		return strconv.ParseFloat(text, 64)
	case time.Duration:
		return time.ParseDuration(text)
	case []string:
		return csv.NewReader(strings.NewReader(text)).Read()
	default:
		return text, nil
	}
}

// Kind says what a value is to be, for errors that must not repeat it and for the reference.
func (k Key) Kind() string {
	switch k.Default.(type) {
	case bool:
		return "true or false"
	case int:
		return "an integer"
	case float64:
		return "a number"
	case time.Duration:
		return "a duration with a unit, such as 500ms, 30s or 5m"
	case []string:
		return "a list"
	default:
		return "a text"
	}
}

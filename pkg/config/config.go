// Package config turns flags, environment variables and a YAML file into one validated configuration, and LiteLLM's
// connection settings into connection strings for Postgres.
//
// [Load] merges the sources, [Config.Validate] checks the result. Other packages take the [Valid] form, so that a
// configuration nobody checked cannot reach them.
package config

import "time"

// Config is the configuration as given: complete, since every key has a default, but not checked.
type Config struct {
	Database        Database      `mapstructure:"database"`
	LiteLLM         LiteLLM       `mapstructure:"litellm"`
	Policy          string        `mapstructure:"policy"`
	Teams           Teams         `mapstructure:"teams"`
	Organizations   Organizations `mapstructure:"organizations"`
	Guard           Guard         `mapstructure:"guard"`
	Repair          Repair        `mapstructure:"repair"`
	Ledger          Ledger        `mapstructure:"ledger"`
	Watch           Watch         `mapstructure:"watch"`
	Lease           Lease         `mapstructure:"lease"`
	Schedule        Schedule      `mapstructure:"schedule"`
	ShutdownTimeout time.Duration `mapstructure:"shutdown_timeout"`
	Web             Web           `mapstructure:"web"`
	Metrics         Metrics       `mapstructure:"metrics"`
	Log             Log           `mapstructure:"log"`
}

// Database says how to reach LiteLLM's database; empty settings are looked up in LiteLLM's own variables.
type Database struct {
	URL            Secret        `mapstructure:"url"`
	DirectURL      Secret        `mapstructure:"direct_url"`
	Schema         string        `mapstructure:"schema"`
	MaxConnections int           `mapstructure:"max_connections"`
	ConnectTimeout time.Duration `mapstructure:"connect_timeout"`
}

// LiteLLM is what can be known of the proxies.
type LiteLLM struct {
	URL                        Secret `mapstructure:"url"` // may hold a password
	RequireKeyMCPAccessDefined bool   `mapstructure:"require_key_mcp_access_defined"`
}

// Teams selects teams by id or alias. An empty Include selects all of them; Exclude wins.
type Teams struct {
	Include []string `mapstructure:"include"`
	Exclude []string `mapstructure:"exclude"`
}

// Organizations selects the teams of organizations, by id or alias. An empty Include selects all teams.
type Organizations struct {
	Include []string `mapstructure:"include"`
}

// Guard holds the limits a pass is checked against before its first write. A negative number of ceilings is no limit.
type Guard struct {
	MaxRevokedFraction float64 `mapstructure:"max_revoked_fraction"`
	MinRevokedTeams    int     `mapstructure:"min_revoked_teams"`
	MaxCeilingsCreated int     `mapstructure:"max_ceilings_created"`
	MaxCeilingsRemoved int     `mapstructure:"max_ceilings_removed"`
}

// Repair shapes the transactions that write.
type Repair struct {
	BatchSize        int           `mapstructure:"batch_size"`
	Concurrency      int           `mapstructure:"concurrency"`
	LockTimeout      time.Duration `mapstructure:"lock_timeout"`
	StatementTimeout time.Duration `mapstructure:"statement_timeout"`
	Attempts         int           `mapstructure:"attempts"`
}

// Ledger places our own tables.
type Ledger struct {
	Schema      string `mapstructure:"schema"`
	AutoMigrate bool   `mapstructure:"auto_migrate"`
}

// Watch is about changes of LiteLLM that are noticed by triggers.
type Watch struct {
	Triggers     bool          `mapstructure:"triggers"`
	PollInterval time.Duration `mapstructure:"poll_interval"`
}

// Lease is about the election of a leader among several copies of the daemon.
type Lease struct {
	Duration time.Duration `mapstructure:"duration"`
}

// Schedule says when full passes run: by Cron if it is set, otherwise every Interval.
type Schedule struct {
	Cron     string        `mapstructure:"cron"`
	Timezone string        `mapstructure:"timezone"`
	Interval time.Duration `mapstructure:"interval"`
	Jitter   float64       `mapstructure:"jitter"`
}

// Web configures the listener of metrics and health checks. An empty ListenAddress turns it off.
type Web struct {
	ListenAddress string        `mapstructure:"listen_address"`
	ConfigFile    string        `mapstructure:"config_file"`
	ReadyMaxAge   time.Duration `mapstructure:"ready_max_age"`
}

// Metrics names places to leave metrics at for runs that nobody scrapes.
type Metrics struct {
	Textfile       string `mapstructure:"textfile"`
	PushgatewayURL Secret `mapstructure:"pushgateway_url"`
	PushgatewayJob string `mapstructure:"pushgateway_job"`
}

// Log configures the log.
type Log struct {
	Level  string `mapstructure:"level"`
	Format string `mapstructure:"format"`
}

// Secret is a text that may hold a password: it prints and marshals as a placeholder.
type Secret string

// String hides the text, but tells an empty one apart.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[redacted]"
}

// MarshalText hides the text from encoders and from log handlers that marshal.
func (s Secret) MarshalText() ([]byte, error) {
	return []byte(s.String()), nil
}

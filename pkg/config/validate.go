package config

import (
	"log/slog"
	"math"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Valid is a configuration that passed [Config.Validate].
type Valid struct {
	// Database is LiteLLM's database, Direct the same one without a pooler between; they are equal where no direct URL
	// is given.
	Database       Connection
	Direct         Connection
	MaxConnections int

	LiteLLM       LiteLLM
	Policy        string
	Teams         Teams
	Organizations Organizations
	Guard         Guard
	Repair        Repair
	Ledger        Ledger
	Watch         Watch
	Lease         Lease

	Schedule        Schedule
	ShutdownTimeout time.Duration

	Web       Web
	Metrics   Metrics
	LogLevel  slog.Level
	LogFormat string
}

// Names of Postgres schemas are cut off after 63 bytes, so that a longer one would silently name another schema.
const maxIdentifier = 63

// identifier is a name that is the same to Postgres with and without quotes,
// unless it isReserved.
var identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// Validate checks every key and finds the database, in the configuration or in LiteLLM's own variables. The error
// names everything that is wrong, in one line.
func (c Config) Validate(getenv func(string) string) (Valid, error) {
	var p problems
	database, direct := c.Database.resolve(getenv, &p)
	c.check(&p)
	c.Ledger.check(database.Schema, &p)
	if err := p.err(); err != nil {
		return Valid{}, err
	}

	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		return Valid{}, err
	}
	return Valid{
		Database:        database,
		Direct:          direct,
		MaxConnections:  c.Database.MaxConnections,
		LiteLLM:         c.LiteLLM,
		Policy:          c.Policy,
		Teams:           Teams{Include: names(c.Teams.Include), Exclude: names(c.Teams.Exclude)},
		Organizations:   Organizations{Include: names(c.Organizations.Include)},
		Guard:           c.Guard,
		Repair:          c.Repair,
		Ledger:          c.Ledger,
		Watch:           c.Watch,
		Lease:           c.Lease,
		Schedule:        c.Schedule,
		ShutdownTimeout: c.ShutdownTimeout,
		Web:             c.Web,
		Metrics:         c.Metrics,
		LogLevel:        level,
		LogFormat:       c.Log.Format,
	}, nil
}

func (c Config) check(p *problems) {
	number := func(key string, value, least, most int, allowed string) {
		if value < least || value > most {
			p.addf("%s is %d, must be %s", key, value, allowed)
		}
	}
	fraction := func(key string, value float64) {
		if value < 0 || value > 1 || math.IsNaN(value) {
			p.addf("%s is %g, must be between 0 and 1", key, value)
		}
	}
	duration := func(key string, value, least time.Duration, allowed string) {
		if value < least {
			p.addf("%s is %s, must be %s", key, value, allowed)
		}
	}
	oneOf := func(key, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			p.addf("%s is %q, must be one of %s", key, value, strings.Join(allowed, ", "))
		}
	}

	number("database.max_connections", c.Database.MaxConnections, 1, 1000, "between 1 and 1000")
	duration("database.connect_timeout", c.Database.ConnectTimeout, time.Second, "at least 1s")
	if !isWebURL(string(c.LiteLLM.URL)) {
		p.addf("litellm.url must be an http:// or https:// URL, or empty")
	}
	oneOf("policy", c.Policy, "managed", "additive", "exact")

	fraction("guard.max_revoked_fraction", c.Guard.MaxRevokedFraction)
	number("guard.min_revoked_teams", c.Guard.MinRevokedTeams, 0, math.MaxInt, "at least 0")
	number("guard.max_ceilings_created", c.Guard.MaxCeilingsCreated, -1, math.MaxInt, "at least 0, or -1 for no limit")
	number("guard.max_ceilings_removed", c.Guard.MaxCeilingsRemoved, -1, math.MaxInt, "at least 0, or -1 for no limit")

	// Postgres counts its timeouts in whole milliseconds, and takes 0 for no timeout.
	number("repair.batch_size", c.Repair.BatchSize, 1, 1000, "between 1 and 1000")
	number("repair.concurrency", c.Repair.Concurrency, 1, 16, "between 1 and 16")
	duration("repair.lock_timeout", c.Repair.LockTimeout, time.Millisecond, "at least 1ms")
	duration("repair.statement_timeout", c.Repair.StatementTimeout, time.Millisecond, "at least 1ms")
	number("repair.attempts", c.Repair.Attempts, 1, 100, "between 1 and 100")

	duration("watch.poll_interval", c.Watch.PollInterval, time.Second, "at least 1s")
	duration("lease.duration", c.Lease.Duration, 5*time.Second, "at least 5s")

	duration("schedule.interval", c.Schedule.Interval, time.Second, "at least 1s")
	// A jitter of 1 could make a pause of nothing.
	if !(c.Schedule.Jitter >= 0 && c.Schedule.Jitter < 1) {
		p.addf("schedule.jitter is %g, must be at least 0 and less than 1", c.Schedule.Jitter)
	}
	duration("shutdown_timeout", c.ShutdownTimeout, 1, "more than 0")

	if _, _, err := net.SplitHostPort(c.Web.ListenAddress); err != nil && c.Web.ListenAddress != "" {
		p.addf("web.listen_address is %q, must be host:port or :port, or empty to turn it off", c.Web.ListenAddress)
	}
	duration("web.ready_max_age", c.Web.ReadyMaxAge, 0, "at least 0")
	if !isWebURL(string(c.Metrics.PushgatewayURL)) {
		p.addf("metrics.pushgateway_url must be an http:// or https:// URL, or empty")
	}
	if c.Metrics.PushgatewayJob == "" {
		p.addf("metrics.pushgateway_job must not be empty")
	}
	named := func(key string, list []string) {
		if len(list) > 0 && len(names(list)) == 0 {
			p.addf("%s holds nothing but blanks, name at least one or leave it out", key)
		}
	}
	named("teams.include", c.Teams.Include)
	named("organizations.include", c.Organizations.Include)
	oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf("log.format", c.Log.Format, "auto", "text", "json")
}

// check keeps our tables out of LiteLLM's schema, where "prisma db push --accept-data-loss" would drop them.
func (l Ledger) check(litellm string, p *problems) {
	switch {
	case !identifier.MatchString(l.Schema) || len(l.Schema) > maxIdentifier:
		p.addf("ledger.schema is %q, must be a name of lower-case letters, digits and _, %d at most, that starts with no digit",
			l.Schema, maxIdentifier)
	case isReserved(l.Schema):
		p.addf("ledger.schema is %q, must not be a name that Postgres keeps for itself", l.Schema)
	case l.Schema == litellm:
		p.addf("ledger.schema is %q, must differ from LiteLLM's schema", l.Schema)
	}
}

// isWebURL accepts the empty text as well. What it refuses may hold a password, and is not repeated in errors.
func isWebURL(text string) bool {
	u, err := url.Parse(text)
	return text == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// names drops blanks and duplicates.
func names(list []string) []string {
	var kept []string
	for _, name := range list {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	return kept
}

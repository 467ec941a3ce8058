package config

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Connection is a way to LiteLLM's database. It prints, logs and marshals without its password.
type Connection struct {
	// DSN is a postgres:// URL that pgx accepts, without the parameters that only Prisma knows. It holds the password.
	DSN string
	// Schema is the schema of LiteLLM's tables.
	Schema string
}

// String is user@host:port/database, with every host that is given.
func (c Connection) String() string {
	parsed, err := pgconn.ParseConfig(c.DSN)
	if err != nil {
		return "no valid connection"
	}
	hosts := []string{address(parsed.Host, parsed.Port)}
	for _, fallback := range parsed.Fallbacks {
		// A host has a second entry where TLS is optional.
		if host := address(fallback.Host, fallback.Port); !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return fmt.Sprintf("%s@%s/%s", parsed.User, strings.Join(hosts, ","), parsed.Database)
}

// LogValue is what a log shows of the connection.
func (c Connection) LogValue() slog.Value {
	return slog.StringValue(c.String())
}

// MarshalText covers the encoders, which look neither at String nor at LogValue.
func (c Connection) MarshalText() ([]byte, error) {
	return []byte(c.String()), nil
}

func address(host string, port uint16) string {
	if strings.HasPrefix(host, "/") { // the directory of a Unix socket
		return fmt.Sprintf("%s:%d", host, port)
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// resolve finds the database and its direct way. The first source that says anything is the one that counts.
func (d Database) resolve(getenv func(string) string, p *problems) (database, direct Connection) {
	first := func(key string, value Secret, variable string) (string, string) {
		if text := strings.TrimSpace(string(value)); text != "" {
			return key, text
		}
		return variable, strings.TrimSpace(getenv(variable)) // files mounted from secrets often end in a newline
	}

	source, raw := first("database.url", d.URL, "DATABASE_URL")
	var t target
	var err error
	if raw != "" {
		t, err = parseURL(raw)
	} else {
		source = "database"
		t, err = discrete(getenv)
	}
	if err == nil {
		database, err = d.connection(t, t.schema)
	}
	if err != nil {
		p.addf("%s: %v", source, err)
	}

	source, raw = first("database.direct_url", d.DirectURL, "DIRECT_URL")
	if raw == "" {
		return database, database
	}
	t, err = parseURL(raw)
	if err == nil && d.Schema == "" && t.schema != "" && database.Schema != "" && t.schema != database.Schema {
		err = fmt.Errorf("names schema %q, but the database URL %q; database.schema settles it", t.schema, database.Schema)
	}
	if err == nil {
		direct, err = d.connection(t, database.Schema)
	}
	if err != nil {
		p.addf("%s: %v", source, err)
	}
	return database, direct
}

// connection completes a target and lets pgx check it.
func (d Database) connection(t target, schema string) (Connection, error) {
	switch {
	case d.Schema != "":
		schema = d.Schema
	case schema == "":
		schema = "public" // Prisma's default
	}
	if len(schema) > maxIdentifier || strings.ContainsRune(schema, 0) {
		return Connection{}, fmt.Errorf("LiteLLM's schema must be a name of %d bytes at most", maxIdentifier)
	}

	t.params.Set("client_encoding", "UTF8") // Go's: else it is the database's own, or what its administrator set
	if t.params.Get("application_name") == "" {
		t.params.Set("application_name", "litellm-reconciler")
	}
	// Prisma takes 0 for no timeout, and pgx refuses fractions and overflows on large numbers: what is not a plain
	// number of seconds up to a day gives way to our own setting, rounded up to whole seconds.
	if n, err := strconv.Atoi(t.params.Get("connect_timeout")); err != nil || n < 1 || n > 24*60*60 {
		seconds := max(1, (d.ConnectTimeout-1)/time.Second+1)
		t.params.Set("connect_timeout", strconv.FormatInt(int64(seconds), 10))
	}

	dsn := t.dsn()
	parsed, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return Connection{}, reason(err)
	}
	if parsed.Database == "" {
		return Connection{}, fmt.Errorf("the URL names no database: it must end in /name")
	}
	return Connection{DSN: dsn, Schema: schema}, nil
}

// reason reduces an error of pgx, "cannot parse `the URL`: reason", to its end. pgx masks passwords as best it can;
// not showing the URL at all is safer. Everything in our DSN is escaped, so that the first match is the right one.
func reason(err error) error {
	_, text, _ := strings.Cut(err.Error(), "`: ")
	return fmt.Errorf("not a connection that works: %s", strings.Join(strings.Fields(text), " "))
}

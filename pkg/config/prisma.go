package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// target is a connection taken apart: decoded, except for hosts, which stays a list as in the URL.
type target struct {
	user, password, hosts, database, schema string

	params url.Values
}

// errEncode never says which text it is about: most often that is a piece of the password.
var errEncode = errors.New("not a valid URL: special characters in the user name and the password must be " +
	"percent-encoded (% as %25, # as %23, @ as %40, / as %2F, ? as %3F)")

// hostList is h1, h1:5432 or [::1]:5432, any number of times.
var hostList = regexp.MustCompile(`^((\[[0-9A-Za-z:.%]+\]|[\w.%-]*)(:\d*)?(,|$))*$`)

// parseURL reads a URL as LiteLLM has it, with Prisma's parameters. The parsers at hand guess where a password with
// special characters ends, each in its own way, and net/url takes one host only and quotes what it cannot read.
// Here an @ or # that is not percent-encoded is an error, so that no piece of a password is taken for a host.
func parseURL(raw string) (target, error) {
	rest, ok := strings.CutPrefix(raw, "postgresql://")
	if !ok {
		rest, ok = strings.CutPrefix(raw, "postgres://")
	}
	if !ok {
		return target{}, errors.New("the URL must start with postgresql:// or postgres://")
	}

	var t target
	rest, query, _ := strings.Cut(rest, "?")
	authority, database, _ := strings.Cut(rest, "/")
	userinfo, hosts, ok := strings.Cut(authority, "@")
	if !ok {
		userinfo, hosts = "", authority
	}
	if strings.ContainsAny(hosts+database+query, "@#") || strings.Contains(userinfo, "#") || !hostList.MatchString(hosts) {
		return target{}, errEncode
	}
	t.hosts = hosts

	user, password, _ := strings.Cut(userinfo, ":")
	var errs [3]error
	t.user, errs[0] = url.PathUnescape(user)
	t.password, errs[1] = url.PathUnescape(password)
	t.database, errs[2] = url.PathUnescape(database)
	if errors.Join(errs[:]...) != nil {
		return target{}, errEncode
	}

	given, err := url.ParseQuery(query)
	if err != nil {
		return target{}, errors.New("not a valid URL: the parameters after ? must be key=value pairs joined by &, percent-encoded")
	}
	t.schema = last(given, "schema")
	t.params = libpqParams(given)
	return t, nil
}

// libpqParams keeps what Postgres's own client library takes and pgx understands. LiteLLM itself filters the same URL
// by a list of this kind for psycopg (_strip_prisma_query_params). Whatever else there is, pgx would send to the
// server as a setting, and the server would refuse the connection.
func libpqParams(given url.Values) url.Values {
	params := url.Values{}
	for _, name := range []string{
		"host", "port", "user", "password", "dbname", // may stand here instead, as with Unix sockets
		"sslmode", "sslcert", "sslkey", "sslrootcert", "sslpassword", "application_name", "connect_timeout",
		"options", "service", "krbsrvname", "target_session_attrs", // gssencmode is libpq's, but unknown to pgx
	} {
		if value := last(given, name); value != "" {
			params.Set(name, value)
		}
	}

	// In Prisma sslcert is the server's CA, and the client's certificate is sslidentity; in libpq sslcert is the
	// client's, and goes with sslkey. Without a key it can only be meant as Prisma's. It is then checked as a CA,
	// unless accept_invalid_certs says not to.
	accept := last(given, "sslaccept")
	if cert := params.Get("sslcert"); cert != "" && params.Get("sslkey") == "" {
		params.Del("sslcert")
		if params.Get("sslrootcert") == "" && accept != "accept_invalid_certs" {
			params.Set("sslrootcert", cert)
		}
	}
	// Prisma's strict checks certificate and host name. We must not connect with less care than LiteLLM does.
	if accept == "strict" && params.Get("sslmode") == "require" {
		params.Set("sslmode", "verify-full")
	}
	return params
}

// last is the value that counts where a parameter is repeated, as in libpq.
func last(values url.Values, name string) string {
	list := values[name]
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

// discrete reads the variables LiteLLM assembles its URL from where it has none (construct_database_url_from_env_vars),
// and those of its Helm chart helm/litellm, which are DATABASE_USER and DATABASE_PORT.
func discrete(getenv func(string) string) (target, error) {
	if strings.EqualFold(strings.TrimSpace(getenv("IAM_TOKEN_DB_AUTH")), "true") {
		return target{}, errors.New("IAM_TOKEN_DB_AUTH is not supported: give a URL with a password, " +
			"as --database-url, LITELLM_RECONCILER_DATABASE_URL or DATABASE_URL")
	}
	user := getenv("DATABASE_USERNAME")
	if user == "" {
		user = getenv("DATABASE_USER")
	}
	host, database, password := getenv("DATABASE_HOST"), getenv("DATABASE_NAME"), getenv("DATABASE_PASSWORD")
	if host+user+database+password == "" {
		return target{}, errors.New("none is given: set --database-url or LITELLM_RECONCILER_DATABASE_URL, or " +
			"DATABASE_URL, or LiteLLM's DATABASE_HOST, DATABASE_USERNAME, DATABASE_PASSWORD and DATABASE_NAME")
	}
	// The password may come from elsewhere, such as .pgpass; LiteLLM does without one as well.
	var set, missing []string
	for _, v := range []struct{ name, value string }{
		{"DATABASE_HOST", host}, {"DATABASE_USERNAME", user}, {"DATABASE_NAME", database},
	} {
		if v.value == "" {
			missing = append(missing, v.name)
		} else {
			set = append(set, v.name)
		}
	}
	if len(missing) > 0 {
		return target{}, fmt.Errorf("%s is set, but %s is not", append(set, "DATABASE_PASSWORD")[0], strings.Join(missing, ", "))
	}

	t := target{user: user, password: password, database: database, schema: getenv("DATABASE_SCHEMA"), params: url.Values{}}
	return t, t.locate(host, getenv("DATABASE_PORT"))
}

// locate sets the host, which may be the directory of a Unix socket, a bare IPv6 address, or come with a port of its
// own; that port wins, since LiteLLM uses the host as it is.
func (t *target) locate(host, port string) error {
	if strings.HasPrefix(host, "/") {
		t.params.Set("host", host)
	} else {
		if strings.Count(host, ":") > 1 && !strings.ContainsAny(host, "[,") {
			host = "[" + host + "]"
		}
		if !hostList.MatchString(host) {
			return errors.New("DATABASE_HOST must be a host or host:port")
		}
		t.hosts = host
		if strings.Contains(host[strings.LastIndex(host, "]")+1:], ":") {
			return nil
		}
	}
	if port == "" {
		return nil
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("DATABASE_PORT must be a port number")
	}
	t.params.Set("port", port)
	return nil
}

// dsn puts the parts together again, with everything escaped that could be taken for something else.
func (t target) dsn() string {
	var b strings.Builder
	b.WriteString("postgres://")
	if t.user != "" || t.password != "" {
		b.WriteString(escape(t.user) + ":" + escape(t.password) + "@")
	}
	b.WriteString(t.hosts + "/" + escape(t.database) + "?")
	// pgx reads + as itself, not as a blank.
	b.WriteString(strings.ReplaceAll(t.params.Encode(), "+", "%20"))
	return b.String()
}

func escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

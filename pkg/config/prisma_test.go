package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// connect resolves a URL and returns what pgx makes of the result.
func connect(t *testing.T, raw string) (Connection, *pgx.ConnConfig) {
	t.Helper()
	c, _, err := resolved(Database{URL: Secret(raw)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := pgx.ParseConfig(c.DSN)
	if err != nil {
		t.Fatal(err)
	}
	return c, parsed
}

func TestURLsOfLiteLLM(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, raw, shown, password, schema string }{
		{"postgresql scheme", "postgresql://u:p@h:6432/d", "u@h:6432/d", "p", "public"},
		{"postgres scheme", "postgres://u:p@h/d", "u@h:5432/d", "p", "public"},
		{"blanks around it", " postgres://u:p@h/d\n", "u@h:5432/d", "p", "public"},
		{"schema", "postgres://u:p@h/d?schema=My%20Schema", "u@h:5432/d", "p", "My Schema"},
		{"empty schema", "postgres://u:p@h/d?schema=", "u@h:5432/d", "p", "public"},
		{"encoded password", "postgres://u:%25%23%40%2F%3F+%20@h/d", "u@h:5432/d", "%#@/?+ ", "public"},
		{"colon in the password", "postgres://u:a:b@h/d", "u@h:5432/d", "a:b", "public"},
		{"encoded user and database", "postgres://u%40tenant:p@h/my%20db", "u@tenant@h:5432/my db", "p", "public"},
		{"IPv6 host", "postgres://u:p@[2001:db8::1]:6432/d", "u@[2001:db8::1]:6432/d", "p", "public"},
		{"several hosts", "postgres://u:p@h1:1,[::1],h3:3/d?target_session_attrs=read-write",
			"u@h1:1,[::1]:5432,h3:3/d", "p", "public"},
		{"Unix socket", "postgres://u:p@localhost/d?host=/var/run/postgresql", "u@/var/run/postgresql:5432/d", "p", "public"},
		{"Unix socket alone", "postgres:///d?host=/run&port=6432&user=u&password=p", "u@/run:6432/d", "p", "public"},
		{"encoded Unix socket", "postgres://u:p@%2Frun/d", "u@/run:5432/d", "p", "public"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, parsed := connect(t, test.raw)
			got := []string{c.String(), parsed.Password, c.Schema}
			if diff := cmp.Diff([]string{test.shown, test.password, test.schema}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestServerIsSentNoParameterOfPrisma(t *testing.T) {
	t.Parallel()
	_, parsed := connect(t, "postgres://u:p@h/d?schema=s&pgbouncer=true&connection_limit=5&pool_timeout=0&"+
		"statement_cache_size=0&socket_timeout=3&sslaccept=accept_invalid_certs&sslidentity=x.p12&gssencmode=prefer&"+
		"single_use_connections=true&whatever=1&flag")
	if diff := cmp.Diff(map[string]string{"application_name": "litellm-reconciler", "client_encoding": "UTF8"}, parsed.RuntimeParams); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParametersOfPostgresAreKept(t *testing.T) {
	t.Parallel()
	_, parsed := connect(t, "postgres://u:p@h/d?application_name=my+proxy&connect_timeout=7&krbsrvname=pg&sslmode=disable&"+
		"target_session_attrs=any&client_encoding=LATIN1&options=-c%20statement_timeout=5s")
	want := map[string]string{"application_name": "my proxy", "client_encoding": "UTF8", "options": "-c statement_timeout=5s"}
	if diff := cmp.Diff(want, parsed.RuntimeParams); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if parsed.ConnectTimeout != 7*time.Second || parsed.KerberosSrvName != "pg" || parsed.TLSConfig != nil {
		t.Errorf("timeout %s, service %q, TLS %v", parsed.ConnectTimeout, parsed.KerberosSrvName, parsed.TLSConfig)
	}
}

func TestConnectTimeoutThatIsNoTimeoutGivesWayToOurs(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"", "0", "-1", "2.5", "ten", "99999999999", "9999999999999999999999"} {
		c, _, err := resolved(Database{
			URL: Secret("postgres://u:p@h/d?connect_timeout=" + given), ConnectTimeout: 1500 * time.Millisecond,
		}, nil)
		if err != nil {
			t.Errorf("%q: %v", given, err)
			continue
		}
		parsed, err := pgx.ParseConfig(c.DSN)
		if err != nil || parsed.ConnectTimeout != 2*time.Second {
			t.Errorf("%q: timeout %s, %v", given, parsed.ConnectTimeout, err)
		}
	}
}

func TestCertificateWithoutAKeyIsPrismasNameForTheCA(t *testing.T) {
	t.Parallel()
	given := func(query string) url.Values {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		return values
	}
	for query, want := range map[string]string{
		"sslcert=ca.pem": "sslrootcert=ca.pem",
		"sslcert=ca.pem&sslaccept=accept_invalid_certs":                 "",
		"sslcert=ca.pem&sslrootcert=root.pem":                           "sslrootcert=root.pem",
		"sslcert=client.pem&sslkey=client.key":                          "sslcert=client.pem&sslkey=client.key",
		"sslcert=ca.pem&sslmode=require&sslaccept=strict":               "sslmode=verify-full&sslrootcert=ca.pem",
		"sslmode=require&sslaccept=accept_invalid_certs":                "sslmode=require",
		"sslmode=prefer&sslaccept=strict":                               "sslmode=prefer",
		"sslmode=disable&sslaccept=strict&sslmode=prefer&sslmode=allow": "sslmode=allow",
	} {
		if got := libpqParams(given(query)).Encode(); got != want {
			t.Errorf("%s became %s, want %s", query, got, want)
		}
	}
}

func TestCAOfPrismaVerifiesTheServer(t *testing.T) {
	t.Parallel()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}

	_, checked := connect(t, "postgres://u:p@h/d?sslmode=require&sslcert="+ca)
	if checked.TLSConfig.RootCAs == nil || checked.TLSConfig.VerifyPeerCertificate == nil {
		t.Error("the CA is not used")
	}
	_, unchecked := connect(t, "postgres://u:p@h/d?sslmode=require")
	if unchecked.TLSConfig == nil || unchecked.TLSConfig.VerifyPeerCertificate != nil || len(unchecked.Fallbacks) != 0 {
		t.Error("require without a CA must encrypt and check nothing")
	}
	_, strict := connect(t, "postgres://u:p@h/d?sslmode=require&sslaccept=strict")
	if strict.TLSConfig.InsecureSkipVerify || strict.TLSConfig.ServerName != "h" {
		t.Error("strict must check certificate and host name")
	}
}

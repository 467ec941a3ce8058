package chart_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/internal/program"
)

// certificate is one that signs itself, for 127.0.0.1, and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "postgres"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// secure is a database on a server of its own that has the certificate. The
// server writes its key itself, as it has to own it.
func secure(t *testing.T, cert, key string) *pgtest.Database {
	t.Helper()
	if os.Getenv("TEST_DATABASE_URL") != "" {
		t.Skip("the settings of a server that is not ours stay as they are")
	}
	server := pgtest.Own(t)
	db := server.New(t, pgtest.V1_83_14)
	for name, content := range map[string]string{"server.crt": cert, "server.key": key} {
		db.Exec(t, `COPY (SELECT unnest(string_to_array('`+strings.TrimSpace(content)+`', E'\n'))) TO PROGRAM 'umask 077; cat >`+name+`'`)
	}
	db.Exec(t, `ALTER SYSTEM SET ssl = on`)
	db.Exec(t, `SELECT pg_reload_conf()`)
	program.Eventually(t, patience, func() error {
		if pgtest.Scalar[string](t, db, `SHOW ssl`) != "on" {
			return errors.New("the server does not take the certificate")
		}
		return nil
	})
	return db
}

// The variables of the connection say nothing of TLS themselves: PGSSLMODE and PGSSLROOTCERT do.
func TestTheDatabasesCertificateIsVerified(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	stranger, _ := certificate(t)
	db := secure(t, cert, key)
	db.Group(t, "dev", "github")
	db.Team(t, "users-local", "dev")
	u := place(t, db)
	writer := "mode=cronjob,database.writer.host=" + u.Hostname() + ",database.writer.port=" + u.Port() + ",database.writer.dbname=" + db.Name
	plain := strings.Replace(db.URL, "sslmode=disable", "", 1)

	for name, test := range map[string]struct {
		set, trusted string
		code         int
		says         string
	}{
		"the right authority":   {writer, cert, 0, ""},
		"a strange authority":   {writer, stranger, 1, "certificate"},
		"a URL":                 {"mode=cronjob,database.url.secretName=litellm-env", cert, 0, ""},
		"a URL, a strange one":  {"mode=cronjob,database.url.secretName=litellm-env", stranger, 1, "certificate"},
		"another mode":          {writer + ",database.sslMode=require", stranger, 1, "certificate"}, // as libpq does with a root certificate
		"the writer's own mode": {writer + ",database.writer.sslMode=disable", stranger, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := render(t, "--set", test.set+",database.rootCert.configMapName=ca")
			k := newKubelet(all, map[string]map[string]string{
				"litellm-env":           {"DATABASE_URL": plain},
				"litellm-writer-secret": {"username": u.User.Username(), "password": password(u)},
			})
			k.configMaps["ca"] = map[string]string{"ca.crt": test.trusted}
			pod := pods(t, all)["cronjob"].Spec
			output := k.prepare(t, pod, pod.Containers[0]).end(t, test.code)
			if test.code != 0 && !strings.Contains(output, test.says) {
				t.Errorf("no %q in: %s", test.says, output)
			}
		})
	}
}

func TestWithoutTLSOnTheServerAModeThatWantsItFails(t *testing.T) {
	t.Parallel()
	db := drifted(t)
	u := place(t, db)
	all := render(t, "--set", "mode=cronjob,database.writer.sslMode=require,database.writer.host="+u.Hostname()+",database.writer.port="+u.Port()+",database.writer.dbname="+db.Name)
	pod := pods(t, all)["cronjob"].Spec
	k := newKubelet(all, map[string]map[string]string{"litellm-writer-secret": {"username": u.User.Username(), "password": password(u)}})
	output := k.prepare(t, pod, pod.Containers[0]).end(t, 1)
	if !strings.Contains(output, "TLS") {
		t.Errorf("it says: %s", output)
	}
}

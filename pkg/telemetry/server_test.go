package telemetry

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var quiet = slog.New(slog.DiscardHandler)

// serve runs a server until the test ends, or until stop is called, which
// returns what Serve returned.
func serve(t *testing.T, webConfigFile string, handler http.Handler) (address string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	s, err := Listen(ctx, "127.0.0.1:0", webConfigFile, handler, quiet)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	return s.Addr().String(), func() error { cancel(); return <-done }
}

func request(t *testing.T, client *http.Client, url, password string) (status int, body string, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if password != "" {
		r.SetBasicAuth("scraper", password)
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), nil
}

func client(config *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: config}}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// certificate writes a certificate for 127.0.0.1 and its key into a directory,
// and returns the pool that trusts it.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	writeFile(t, filepath.Join(dir, "tls.crt"), string(certPEM))
	writeFile(t, filepath.Join(dir, "tls.key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return pool
}

func TestServeInClear(t *testing.T) {
	t.Parallel()
	address, stop := serve(t, "", Handler(New("1.2.3", "abcdef0"), readyHealth()))
	status, body, err := request(t, client(nil), "http://"+address+"/metrics", "")
	if err != nil || status != http.StatusOK || !strings.Contains(body, `version="1.2.3"`) {
		t.Errorf("answer %d %q, error %v", status, body, err)
	}
	if err := stop(); err != nil {
		t.Errorf("Serve returned %v", err)
	}
	if _, _, err := request(t, client(nil), "http://"+address+"/livez", ""); err == nil {
		t.Error("still answers after the shutdown")
	}
}

func TestServeWithTLSAndBasicAuth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	roots := certificate(t, dir)
	config := filepath.Join(dir, "web.yaml")
	writeFile(t, config, `tls_server_config: {cert_file: tls.crt, key_file: tls.key}
basic_auth_users:
  scraper: $2a$04$.9YwUUqmjMrG1Dx5yE9OH.g2slrZhG74QFKh.iU7Gmx5uIk314XJC
`)
	address, stop := serve(t, config, Handler(New("", ""), readyHealth()))
	trusting := client(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	for _, path := range []string{"/metrics", "/livez", "/readyz", "/"} {
		for password, want := range map[string]int{
			"correct horse": http.StatusOK,
			"wrong horse":   http.StatusUnauthorized,
			"":              http.StatusUnauthorized,
		} {
			if status, _, err := request(t, trusting, "https://"+address+path, password); err != nil || status != want {
				t.Errorf("%s with password %q answers %d, want %d (error %v)", path, password, status, want, err)
			}
		}
	}
	if status, _, err := request(t, client(nil), "http://"+address+"/livez", ""); err == nil && status == http.StatusOK {
		t.Error("answers in clear too")
	}
	if err := stop(); err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

func TestServeFinishesRequestsInProgress(t *testing.T) {
	t.Parallel()
	arrived, finish := make(chan struct{}), make(chan struct{})
	address, stop := serve(t, "", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-finish
		_, _ = io.WriteString(w, "done")
	}))
	answer := make(chan string, 1)
	go func() {
		_, body, _ := request(t, client(nil), "http://"+address, "")
		answer <- body
	}()
	<-arrived
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	for { // until the listener is closed, that is, the shutdown has begun
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	select {
	case err := <-stopped:
		t.Fatalf("Serve returned %v while a request was in progress", err)
	default:
	}
	close(finish)
	if err := <-stopped; err != nil {
		t.Errorf("Serve returned %v", err)
	}
	if body := <-answer; body != "done" {
		t.Errorf("the request in progress got %q", body)
	}
}

func TestServeReportsAnEndOfItsOwn(t *testing.T) {
	t.Parallel()
	s, err := Listen(t.Context(), "127.0.0.1:0", "", http.NotFoundHandler(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.listener.Close()
	if err := s.Serve(t.Context()); err == nil || !strings.Contains(err.Error(), "serving HTTP on 127.0.0.1:") {
		t.Errorf("Serve returned %v", err)
	}
}

func TestListenNamesTheSettingOfAPortInUse(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, "", http.NotFoundHandler())
	_, err := Listen(t.Context(), address, "", http.NotFoundHandler(), quiet)
	if err == nil || !strings.Contains(err.Error(), "web.listen_address") || !strings.Contains(err.Error(), address) {
		t.Errorf("error %v", err)
	}
}

func TestListenRefusesABadWebConfigFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ config, want string }{
		"unknown key":               {"tls: {}\n", "field tls not found"},
		"certificate away":          {"tls_server_config: {cert_file: none.crt, key_file: none.key}\n", "none.crt"},
		"password in clear":         {"basic_auth_users: {scraper: hunter2}\n", "bcrypt"},
		"password in a wrong place": {"basic_auth_users: hunter2\n", "cannot unmarshal"},
	} {
		file := filepath.Join(t.TempDir(), "web.yaml")
		writeFile(t, file, c.config)
		_, err := Listen(t.Context(), "127.0.0.1:0", file, http.NotFoundHandler(), quiet)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		msg := err.Error()
		if !strings.HasPrefix(msg, "reading web.config_file "+file+": ") || !strings.Contains(msg, c.want) {
			t.Errorf("%s: error %q", name, msg)
		}
		if strings.Contains(msg, "hunter2") || strings.Contains(msg, "\n") {
			t.Errorf("%s: error %q shows the password, or more than a line", name, msg)
		}
	}
}

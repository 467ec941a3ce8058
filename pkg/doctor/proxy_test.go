package doctor_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"litellm-reconciler/pkg/doctor"
)

const nowhere = "postgresql://who@127.0.0.1:1/litellm"

// asked is what doctor finds of a proxy that answers so.
func asked(t *testing.T, handler http.HandlerFunc, edit ...func(url string) string) doctor.Report {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	address := server.URL
	for _, f := range edit {
		address = f(address)
	}
	return examine(t, with(nowhere, "LITELLM_URL", address), doctor.Daemon)
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, body) }
}

func TestTheProxysVersionTellsWhoResolvesAccessGroups(t *testing.T) {
	t.Parallel()
	const (
		itself   = "resolves access groups itself when a key is used"
		always   = "resolves access groups itself in all places"
		rowsOnly = "knows permission rows only"
		none     = "has no access groups"
	)
	for version, test := range map[string]struct {
		status doctor.Status
		text   string
	}{
		"1.19.2":                            {doctor.Warn, none},
		"1.81.11":                           {doctor.Warn, none},
		"1.81.12":                           {doctor.OK, rowsOnly},
		"1.83.14":                           {doctor.OK, rowsOnly},
		"1.83.14-stable.patch.3":            {doctor.OK, rowsOnly},
		"v1.87.9":                           {doctor.OK, rowsOnly},
		"1.82":                              {doctor.OK, rowsOnly},
		"1.82.dev1":                         {doctor.OK, rowsOnly},
		"1.88.0rc1":                         {doctor.OK, itself},
		"v1.90.1":                           {doctor.OK, itself},
		"1.103.11":                          {doctor.OK, itself},
		"1.104.0":                           {doctor.OK, always},
		"1.106.10":                          {doctor.OK, always},
		"2.0.0":                             {doctor.OK, always},
		"latest":                            {doctor.Warn, `calls its version "latest"`},
		"1":                                 {doctor.Warn, `calls its version "1"`},
		"1.88.0.1":                          {doctor.Warn, "calls its version"},
		"1.88.0-1":                          {doctor.OK, itself},
		"1.88.0.post1":                      {doctor.OK, itself},
		`1.88.0\u001b[31m`:                  {doctor.Warn, `calls its version "1.88.0\x1b[31m"`},
		"1.88.0-" + strings.Repeat("a", 99): {doctor.Warn, "calls its version"},
		"1.99999.0":                         {doctor.Warn, "calls its version"},
		strings.Repeat("9", 999):            {doctor.Warn, `calls its version "` + strings.Repeat("9", 40) + `"`},
	} {
		r := asked(t, says(`{"status": "healthy", "db": "connected", "litellm_version": "`+version+`", "success_callbacks": [{}]}`))
		want(t, r, "proxy", test.status, test.text)
		if test.status == doctor.OK {
			want(t, r, "proxy", test.status, "LiteLLM "+version+" ", "others may run other versions")
		}
	}
}

// From v1.84.0 the readiness probe keeps the version to itself (#26912).
func TestTheVersionOfAProxyThatKeepsItFromItsProbeIsFoundElsewhere(t *testing.T) {
	t.Parallel()
	r := asked(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/base/health/readiness":
			says(`{"status": "healthy", "db": "connected"}`)(w, r)
		case "/base/public/model_hub/info":
			says(`{"docs_title": "LiteLLM API", "litellm_version": "1.99.1"}`)(w, r)
		default:
			http.NotFound(w, r)
		}
	}, func(url string) string { return url + "/base/?tracking=1" })
	want(t, r, "proxy", doctor.OK, "LiteLLM 1.99.1 resolves")
}

func TestAProxyWithoutAVersionIsAWarning(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		text    string
	}{
		"not ready": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
			"/health/readiness: it answers 503 Service Unavailable"},
		"broken":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "it answers 500"},
		"not LiteLLM":          {says("<html>welcome</html>"), "the answer is not LiteLLM's JSON"},
		"another kind of JSON": {says(`["a"]`), "the answer is not LiteLLM's JSON"},
		"a version of no text": {says(`{"litellm_version": 1.88}`), "the answer is not LiteLLM's JSON"},
		"no version anywhere":  {says(`{"status": "healthy"}`), "/public/model_hub/info: the answer has no litellm_version"},
		"an endless answer":    {says(`{"a": "` + strings.Repeat("a", 2<<20) + `"}`), "the answer is longer than 1 MiB"},
		"a broken-off answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = w.Write([]byte("{"))
		}, "unexpected EOF"},
		"a redirect elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/x", http.StatusFound)
		}, "it redirects to another place, http://127.0.0.1:1"},
		"a redirect in circles": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "it redirects in circles"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := asked(t, test.handler, func(url string) string { return strings.Replace(url, "://", "://who:hunter2@", 1) })
			want(t, r, "proxy", doctor.Warn, "no version from http://127.0.0.1:", test.text)
			if found := lines(r, "proxy")[0]; strings.Contains(found, "hunter2") || strings.Contains(found, "\n") {
				t.Errorf("a secret or a second line: %s", found)
			}
		})
	}
	want(t, examine(t, with(nowhere, "LITELLM_URL", "http://who:hunter2@127.0.0.1:1"), doctor.Plan), "proxy", doctor.Warn,
		"no version from http://127.0.0.1:1/health/readiness: ", "connection refused")
	want(t, examine(t, with(nowhere), doctor.Plan), "proxy", doctor.OK, "not asked", "litellm.url is not set")
}

func TestAProxyThatHangsIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(server.Close)
	s := subject(t, with(nowhere, "LITELLM_URL", server.URL), doctor.Daemon)
	s.Patience = 50 * time.Millisecond
	want(t, doctor.Examine(t.Context(), s), "proxy", doctor.Warn, "it does not answer in time")
}

func TestUserAndPasswordGoToTheProxyAndToNobodyElse(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("asked elsewhere: %v", r.Header)
	}))
	t.Cleanup(elsewhere.Close)
	withUser := func(url string) string { return strings.Replace(url, "://", "://who:p%40ss@", 1) }
	for _, target := range []string{"/found", elsewhere.URL} {
		r := asked(t, func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); user != "who" || password != "p@ss" {
				w.WriteHeader(http.StatusUnauthorized)
			} else if r.URL.Path == "/found" {
				says(`{"litellm_version": "1.88.0"}`)(w, r)
			} else {
				http.Redirect(w, r, target, http.StatusTemporaryRedirect)
			}
		}, withUser)
		if target == "/found" {
			want(t, r, "proxy", doctor.OK, "LiteLLM 1.88.0")
		} else {
			want(t, r, "proxy", doctor.Warn, "redirects to another place")
		}
	}
}

package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// answerLimit is far more than a proxy has to say.
	answerLimit   = 1 << 20
	proxyPatience = 5 * time.Second
)

var (
	firstWithGroups = release{1, 81, 12} // #21022
	firstToResolve  = release{1, 88, 0}  // #28997
	firstToValidate = release{1, 104, 0} // get_team_allowed_mcp_servers asks for access groups
)

// proxy asks a LiteLLM proxy for its version: that, and no table, tells whether
// it resolves access groups itself.
func (e *exam) proxy(ctx context.Context) ([]Check, error) {
	if e.Config.LiteLLM.URL == "" {
		return good("not asked for its version: litellm.url is not set"), nil
	}
	base, err := url.Parse(string(e.Config.LiteLLM.URL))
	if err != nil {
		return nil, errors.New("litellm.url is not a URL") // the error would show it, and it may hold a password
	}
	ctx, cancel := context.WithTimeout(ctx, min(proxyPatience, e.Patience))
	defer cancel()
	text, where, err := version(ctx, base)
	if err != nil {
		return finding(Warn, "", "no version from %s: %v", where, err), nil
	}
	v, ok := parseRelease(text)
	const others = "others may run other versions"
	switch {
	case !ok:
		return finding(Warn, "", "%s calls its version %.40q, which is none of LiteLLM's", where, text), nil
	case v.before(firstWithGroups):
		return finding(Warn, "upgrade LiteLLM", "LiteLLM %s has no access groups, so that nothing can be repaired for it; %s", text, others), nil
	case v.before(firstToResolve):
		return good("LiteLLM %s knows permission rows only (issue 27657), so that its keys get what they hold; %s", text, others), nil
	}
	does := "when a key is used; the row still decides when a key is created or changed and in the create-key form"
	if !v.before(firstToValidate) {
		does = "in all places, so that it needs nothing repaired"
	}
	return good("LiteLLM %s resolves access groups itself %s; a row grants by itself until it is taken back "+
		"(litellm-reconciler revert --all takes back everything); %s", text, does, others), nil
}

// version asks where LiteLLM tells its version without a key: in
// /health/readiness before v1.84.0 (#26912), in /public/model_hub/info since.
// It also returns the address it asked last, without user and password.
func version(ctx context.Context, base *url.URL) (text, where string, err error) {
	client := &http.Client{CheckRedirect: sameHost, Transport: transport()}
	for _, path := range []string{"health/readiness", "public/model_hub/info"} {
		address := base.JoinPath(path)
		address.User, address.RawQuery, address.Fragment = nil, "", ""
		where = address.String()
		if text, err = ask(ctx, client, where, base.User); text != "" || err != nil {
			return text, where, err
		}
	}
	return "", where, errors.New("the answer has no litellm_version")
}

func transport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	return t
}

// sameHost keeps user and password from being sent to anybody else.
func sameHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	switch {
	case next.URL.Host != first.Host || first.Scheme == "https" && next.URL.Scheme != "https":
		return fmt.Errorf("it redirects to another place, %s://%s", next.URL.Scheme, next.URL.Host)
	case len(before) > 3:
		return errors.New("it redirects in circles")
	}
	return nil
}

func ask(ctx context.Context, client *http.Client, address string, user *url.Userinfo) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	if user != nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", cause(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("it answers %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, answerLimit+1))
	switch {
	case err != nil:
		return "", cause(err)
	case len(body) > answerLimit:
		return "", fmt.Errorf("the answer is longer than %d MiB", answerLimit>>20)
	}
	var answer struct {
		Version string `json:"litellm_version"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", errors.New("the answer is not LiteLLM's JSON")
	}
	return answer.Version, nil
}

// cause drops the address from an error of net/http, and says plainly what it
// says of a deadline.
func cause(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("it does not answer in time")
	}
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}

// release is a version of LiteLLM. What follows the number, such as rc1 or
// -stable.patch.3, is not told apart.
type release [3]int

var releasePattern = regexp.MustCompile(`^v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:[+-][\w.+-]{1,40}|\.?[A-Za-z][\w.+-]{0,40})?$`)

func parseRelease(text string) (r release, ok bool) {
	groups := releasePattern.FindStringSubmatch(text)
	if groups == nil {
		return r, false
	}
	for i, digits := range groups[1:] {
		if digits != "" {
			r[i], _ = strconv.Atoi(digits) // four digits at most
		}
	}
	return r, true
}

func (r release) before(other release) bool { return slices.Compare(r[:], other[:]) < 0 }

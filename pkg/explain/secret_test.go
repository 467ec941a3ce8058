package explain

import (
	"errors"
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

const aSecret = "0c1De7Ab-_x9"

// mayBeKeys are what somebody pastes, by mistake or from a header.
var mayBeKeys = []string{
	"sk-" + aSecret, "SK-" + aSecret, " sk-" + aSecret + " ", "sk-0c1D", `"sk-` + aSecret + `"`, "'sk-" + aSecret + "'",
	"Bearer sk-" + aSecret, "bearer  sk-" + aSecret, "Authorization: Bearer sk-" + aSecret, "x-litellm-api-key: sk-" + aSecret,
	"LITELLM_KEY=sk-" + aSecret, "the key\nsk-" + aSecret, "keysk-" + aSecret, "sk-proj-" + aSecret, "sk-...x" + aSecret,
	strings.Repeat("0c1de7ab", 8), strings.ToUpper(strings.Repeat("0c1de7ab", 8)), "hash " + strings.Repeat("0c1de7ab", 8) + ".",
	"postgresql://litellm:" + aSecret + "@db/litellm", "host=db password=" + aSecret,
}

func TestTextsWithWhatMayBeAKeyAreSecretive(t *testing.T) {
	t.Parallel()
	for _, text := range mayBeKeys {
		if !Secretive(text) {
			t.Errorf("%q may be repeated", text)
		}
	}
	for _, text := range []string{
		"", "ci", "sk-", "sk-...", "sk-...wxyz", "key:sk-...a-_d", "task-force", "task-management", "desk-of-support", "bearer of news",
		strings.Repeat("0c1de7ab", 7), "https://example.com/mcp", "bob@example.com", "019ab6e0-0001-7000-8000-0000000000aa",
	} {
		if Secretive(text) {
			t.Errorf("%q may not be repeated", text)
		}
	}
}

func TestWhatMayBeAKeyIsNotRepeated(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Team(t, "t")
	e := open(t, db)
	for _, arg := range mayBeKeys {
		for _, args := range [][2]string{{arg}, {"team:" + arg}, {"key: " + arg}, {arg, "github"}, {"t", arg}} {
			if _, err := e.Explain(t.Context(), args[0], args[1]); !errors.Is(err, errSecret) {
				t.Errorf("%q gives %v", args, err)
			}
		}
	}
}

func TestWhatSomebodyIsCalledIsTakenAsAName(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	const odd = "sk-analysts-2026"
	db.Team(t, odd)
	db.Server(t, "s1", odd)
	e := open(t, db)
	r, err := e.Explain(t.Context(), odd, odd)
	if err != nil || r.Team.ID != odd || r.Servers[0].ID != "s1" {
		t.Errorf("got %+v, %v", r, err)
	}

	for i := range 2 {
		db.Exec(t, `INSERT INTO {schema}."LiteLLM_VerificationToken" (token, key_alias, key_name) VALUES ($1, 'sk-analysts-2026', 'sk-...' || $1)`,
			[]string{"aaaa", "bbbb"}[i])
	}
	_, err = e.Explain(t.Context(), "key:"+odd, "")
	if want := "the name is ambiguous, say which: key:sk-...aaaa (" + odd + "), key:sk-...bbbb (" + odd + ")"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

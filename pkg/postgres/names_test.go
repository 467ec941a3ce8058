package postgres_test

import (
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
)

func TestNamesAreQuotedWhereverTheyStand(t *testing.T) {
	t.Parallel()
	names := postgres.Names{LiteLLM: `Lite"LLM`, Ledger: "our own"}
	got := names.SQL("{litellm}.a, {ledger}.b, {ledger}.c, {more}, {other}", "{more}", "{ledger}")
	// What is put in is not searched again.
	const want = `"Lite""LLM".a, "our own".b, "our own".c, {ledger}, {other}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAnyNameCanBeQuoted(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Empty(t).URL)
	for _, name := range []string{"plain", "select", "With Space", `qu"ote`, "semi;colon", "é日本", "a.b", "{ledger}"} {
		names := postgres.Names{Ledger: name}
		if _, err := pool.Exec(t.Context(), names.SQL("CREATE SCHEMA {ledger}")); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var exists bool
		if err := pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`, name).Scan(&exists); err != nil || !exists {
			t.Errorf("%s: schema exists: %t, error %v", name, exists, err)
		}
	}
}

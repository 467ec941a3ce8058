package doctor_test

import (
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/doctor"
)

func TestTheDirectURLMustLeadToTheSameDatabase(t *testing.T) {
	t.Parallel()
	db, other := pgtest.New(t, pgtest.V1_83_14), pgtest.Empty(t)
	install(t, db)
	readOnly := db.Role(t, "reader", "ALTER ROLE {role} SET default_transaction_read_only = on")
	for direct, text := range map[string]string{
		other.URL:           ", database " + other.Name + ": not the database, or not the server, of the database URL: ",
		misspelt(t, db.URL): `refuses user "`,
		"postgresql://postgres:hunter2@127.0.0.1:1/litellm": "cannot reach Postgres at 127.0.0.1:1",
		readOnly: "it takes no writes: name the primary in the direct URL",
	} {
		r := examine(t, with(db.URL, "DIRECT_URL", direct), doctor.Daemon)
		want(t, r, "direct_url", doctor.Fail, text)
		wantOnly(t, r, "direct_url", "ledger")
		want(t, examine(t, with(db.URL, "DIRECT_URL", direct), doctor.Plan), "direct_url", doctor.Warn, text)
		if found := lines(r, "direct_url")[0]; strings.Contains(found, "hunter2") {
			t.Errorf("the password is shown: %s", found)
		}
	}
	r := examine(t, with(db.URL, "DIRECT_URL", db.Role(t, "admin")), doctor.Daemon)
	want(t, r, "direct_url", doctor.OK, "_admin, database "+db.Name+": the same database, no pooler in between")
	wantOnly(t, r)
}

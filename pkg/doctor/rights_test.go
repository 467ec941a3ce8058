package doctor_test

import (
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/doctor"
)

func TestEachMissingRightComesWithItsStatement(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	install(t, db)
	db.Exec(t, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
	url := db.Role(t, "nobody")
	for _, p := range []doctor.Purpose{doctor.Plan, doctor.Daemon, doctor.Revert} {
		r := examine(t, with(url), p)
		wantOnly(t, r, "rights", "ledger")
		statements := 0
		for _, c := range r.Checks {
			if c.Name != "rights" || c.Status == doctor.OK {
				continue
			}
			if !strings.HasPrefix(c.Remedy, "GRANT ") || !strings.HasSuffix(c.Remedy, ";") {
				t.Errorf("not a statement: %s", c.Remedy)
			}
			if (c.Status == doctor.Warn) != strings.HasPrefix(c.Remedy, "GRANT DELETE ON \"public\"") {
				t.Errorf("only the right to delete is one that is not needed: %v", c)
			}
			db.Exec(t, c.Remedy)
			statements++
		}
		if statements == 0 {
			t.Errorf("for %s, nothing was missing", p)
		}
		r = examine(t, with(url), p)
		wantOnly(t, r)
		want(t, r, "rights", doctor.OK, "has all that it takes ("+string(p)+")")
	}
}

func TestRowSecurityIsNoticed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Exec(t, `ALTER TABLE "LiteLLM_TeamTable" ENABLE ROW LEVEL SECURITY`)
	url := db.Role(t, "reader", "GRANT pg_read_all_data TO {role}")
	want(t, examine(t, with(url), doctor.Plan), "rights", doctor.Warn,
		"in LiteLLM_TeamTable, and hidden teams look deleted", "BYPASSRLS")
	want(t, examine(t, with(db.URL), doctor.Plan), "rights", doctor.OK)

	// A pass forgets the teams that it does not see.
	install(t, db)
	for _, p := range []doctor.Purpose{doctor.Daemon, doctor.Revert} {
		role, address := strict(t, db, "may "+string(p))
		db.Exec(t, script(t, with(db.URL), p, role))
		r := examine(t, with(address), p)
		want(t, r, "rights", doctor.Fail, "in LiteLLM_TeamTable, and hidden teams look deleted: ALTER ROLE \""+role+"\" BYPASSRLS;")
		db.Exec(t, `ALTER ROLE "`+role+`" BYPASSRLS`)
		want(t, examine(t, with(address), p), "rights", doctor.OK)
	}
}

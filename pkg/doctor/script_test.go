package doctor_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/doctor"
)

// script is what an administrator gets for a role.
func script(t *testing.T, e env, p doctor.Purpose, role string) string {
	t.Helper()
	s := subject(t, e, p)
	defer s.Pool.Close()
	text, err := doctor.Script(t.Context(), s, role)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// grants are the GRANT statements of a script, in its order.
func grants(text string) []string {
	return regexp.MustCompile(`(?m)^GRANT .*;$`).FindAllString(text, -1)
}

// strict takes from everybody what Postgres gives to everybody, and returns the
// name and URL of a role that has nothing.
func strict(t *testing.T, db *pgtest.Database, name string) (role, address string) {
	t.Helper()
	db.Exec(t, "REVOKE ALL ON SCHEMA {schema} FROM PUBLIC")
	db.Exec(t, fmt.Sprintf("REVOKE ALL ON DATABASE %q FROM PUBLIC", db.Name))
	address = db.Role(t, name)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.User.Username(), address
}

// Every statement of the script is needed: without it the doctor fails, or
// warns where the program can do without.
func TestEveryGrantOfAScriptIsNeeded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		version   pgtest.Version
		purpose   doctor.Purpose
		installed bool
		more      []string
	}{
		{pgtest.V1_81_12, doctor.Daemon, false, nil},
		{pgtest.V1_81_12, doctor.Plan, true, nil},
		{pgtest.V1_83_14, doctor.Daemon, true, []string{"ORGANIZATIONS_INCLUDE", "org"}},
		{pgtest.V1_88, doctor.Plan, true, nil},
		{pgtest.Newest, doctor.Daemon, false, nil},
		{pgtest.Newest, doctor.Revert, true, nil},
	} {
		t.Run(fmt.Sprintf("%s for %s, ledger %t", test.version, test.purpose, test.installed), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, test.version)
			if test.installed {
				install(t, db)
			}
			role, address := strict(t, db, "least")
			admin, least := with(db.URL, test.more...), with(address, test.more...)
			text := script(t, admin, test.purpose, role)
			db.Exec(t, text)

			connected := subject(t, least, test.purpose)
			r := doctor.Examine(t.Context(), connected)
			wantOnly(t, r, "ledger", "config")
			if r.Status == doctor.Fail {
				t.Fatalf("with the whole script the doctor fails: %+v", r)
			}
			for _, grant := range grants(text) {
				db.Exec(t, strings.NewReplacer("GRANT ", "REVOKE ", " TO ", " FROM ").Replace(grant))
				without := doctor.Examine(t.Context(), connected)
				if strings.HasPrefix(grant, "GRANT CONNECT ") { // who is connected stays so
					without = examine(t, least, test.purpose)
				}
				if without.Status != doctor.Fail && !strings.HasPrefix(grant, `GRANT DELETE ON "public"`) || cmp.Equal(r, without) {
					t.Errorf("nobody misses %s", grant)
				}
				db.Exec(t, grant)
			}
			if after := doctor.Examine(t.Context(), connected); after.Status == doctor.Fail || len(grants(text)) < 8 {
				t.Errorf("%d statements, and in the end %+v", len(grants(text)), after)
			}
			if again := script(t, admin, test.purpose, role); again != text {
				t.Errorf("printed again: %s", cmp.Diff(text, again))
			}
		})
	}
}

func TestAScriptGivesNothingThatItIsNotFor(t *testing.T) {
	t.Parallel()
	wholeTable := regexp.MustCompile(`GRANT (ALL|(SELECT|INSERT|UPDATE|DELETE|TRUNCATE) ON ("[^"]*"|ALL TABLES)\.?"?LiteLLM)`)
	for _, v := range pgtest.Versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, v)
			for _, when := range []string{"before", "after"} {
				for _, p := range []doctor.Purpose{doctor.Daemon, doctor.Plan} {
					text := script(t, with(db.URL), p, "some role")
					if found := wholeTable.FindString(text); found != "" {
						t.Errorf("%s installing, for %s: %s", when, p, found)
					}
					if strings.Contains(text, `"token"`) || strings.Contains(text, "CREATE ON DATABASE") {
						t.Errorf("%s installing, for %s too much: %s", when, p, text)
					}
					for _, grant := range grants(text) {
						looks := regexp.MustCompile(`^GRANT (SELECT|USAGE|CONNECT) `).MatchString(grant)
						if p == doctor.Plan && !looks {
							t.Errorf("not only to look: %s", grant)
						}
					}
					if p == doctor.Plan && strings.Contains(text, "\nCREATE ") {
						t.Errorf("something is created to look: %s", text)
					}
				}
				if when == "before" {
					install(t, db)
				}
			}
			text := script(t, with(db.URL), doctor.Revert, "some role")
			if strings.Count(text, `DELETE ON "public"`) != 1 || !strings.Contains(text, `GRANT DELETE ON "public"."LiteLLM_ObjectPermissionTable" TO "some role";`) {
				t.Errorf("for a revert, not the one right to delete: %s", text)
			}
		})
	}
}

func TestAScriptFollowsTheLedger(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	role, address := strict(t, db, "reconciler")
	usage := `GRANT USAGE ON SCHEMA "litellm_reconciler" TO "` + role + `";`
	create := `GRANT CREATE ON SCHEMA "litellm_reconciler" TO "` + role + `";`
	insert := `GRANT INSERT ON "litellm_reconciler"."grants" TO "` + role + `";`
	read := `GRANT SELECT ON "litellm_reconciler"."history" TO "` + role + `";`
	check := func(p doctor.Purpose, has []string, hasNot ...string) {
		t.Helper()
		text := script(t, with(db.URL), p, role)
		for _, s := range has {
			if !strings.Contains(text, "\n"+s) {
				t.Errorf("for %s there is no %q in %s", p, s, text)
			}
		}
		for _, s := range hasNot {
			if strings.Contains(text, "\n"+s) {
				t.Errorf("for %s there is %q in %s", p, s, text)
			}
		}
		db.Exec(t, text)
	}
	check(doctor.Plan, []string{"-- " + usage, "-- " + read}, "GRANT SELECT ON \"litellm_reconciler\"", "CREATE SCHEMA")
	if pgtest.Scalar[bool](t, db, `SELECT to_regnamespace('litellm_reconciler') IS NOT NULL`) {
		t.Error("the script to look makes a schema")
	}
	check(doctor.Daemon, []string{`CREATE SCHEMA IF NOT EXISTS "litellm_reconciler";`, usage, create}, insert)
	check(doctor.Plan, []string{usage, "-- " + read}, "GRANT SELECT ON \"litellm_reconciler\"", "CREATE SCHEMA")

	// The role installs it, and owns it.
	s := subject(t, with(address), doctor.Daemon)
	if err := s.Migrator.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(doctor.Daemon, []string{usage, create, "-- To be run as the owner of the tables, or as a superuser."}, insert, "CREATE SCHEMA")
	check(doctor.Plan, []string{usage, read}, create)

	// Somebody else has.
	db.Exec(t, `DROP SCHEMA litellm_reconciler CASCADE`)
	install(t, db)
	owner := pgtest.Scalar[string](t, db, `SELECT current_user::text`)
	check(doctor.Daemon, []string{usage, insert, fmt.Sprintf("-- To be run as a superuser, or as one who has the roles of both owners: LiteLLM's tables', and %q,", owner)},
		create, "CREATE SCHEMA", "-- To be run as the owner", "-- The ledger is not complete")
	db.Exec(t, `DROP VIEW litellm_reconciler.history`)
	check(doctor.Plan, []string{usage, "-- The ledger is not complete"}, read)
}

func TestAScriptQuotesEveryName(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Newest, pgtest.InSchema("Lite\n\"LLM\"; --"))
	role, address := strict(t, db, `Odd "role" with 'quotes'`)
	schema := "&schema=" + url.QueryEscape(db.Schema)
	for _, p := range []doctor.Purpose{doctor.Plan, doctor.Revert} {
		db.Exec(t, script(t, with(db.URL+schema), p, role))
	}
	r := examine(t, with(address+schema), doctor.Revert)
	wantOnly(t, r, "ledger")
	want(t, r, "ledger", doctor.Warn, "the first pass does it")
}

func TestARoleThatIsNotThereYetGetsItsScript(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	role := db.Name + "_later"
	text := script(t, with(db.URL), doctor.Daemon, role)
	create := `CREATE ROLE "` + role + `" LOGIN PASSWORD '...';`
	if !strings.Contains(text, "\n-- "+create+"\n") {
		t.Fatalf("not how to make it: %s", text)
	}
	db.Role(t, "later")
	if text := script(t, with(db.URL), doctor.Daemon, role); strings.Contains(text, "CREATE ROLE") {
		t.Errorf("it is there: %s", text)
	}
	db.Exec(t, text)
}

func TestThereIsNoScriptForADatabaseThatIsNotLiteLLMs(t *testing.T) {
	t.Parallel()
	s := subject(t, with(pgtest.Empty(t).URL), doctor.Daemon)
	if text, err := doctor.Script(t.Context(), s, "role"); err == nil || text != "" ||
		!strings.Contains(err.Error(), "has no LiteLLM tables") {
		t.Errorf("got %q and error %v", text, err)
	}
}

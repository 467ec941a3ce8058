package doctor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/doctor"
)

func TestNothingIsWrongWithAHealthyDatabaseOfAnyVersion(t *testing.T) {
	t.Parallel()
	for _, v := range pgtest.Versions() {
		for _, p := range []doctor.Purpose{doctor.Daemon, doctor.Plan, doctor.Revert} {
			t.Run(string(v)+" for "+string(p), func(t *testing.T) {
				t.Parallel()
				db := pgtest.New(t, v)
				install(t, db)
				before := db.Fingerprint(t)

				r := examine(t, with(db.URL), p)

				wantOnly(t, r)
				want(t, r, "database", doctor.OK, "PostgreSQL ", ", primary, user ", ", database "+db.Name)
				want(t, r, "rights", doctor.OK, " is a superuser")
				want(t, r, "ledger", doctor.OK, "schema litellm_reconciler, version ", "nothing written yet")
				if r.Status != doctor.OK || r.Purpose != p {
					t.Errorf("the report for %s is %s", r.Purpose, r.Status)
				}
				if db.Fingerprint(t) != before {
					t.Error("something was written")
				}
			})
		}
	}
}

func TestTheOrderOfTheChecksStaysTheSame(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	r := examine(t, with(db.URL, "DIRECT_URL", db.URL+"&connect_timeout=7"), doctor.Daemon)
	var got []string
	for _, c := range r.Checks {
		got = append(got, c.Name)
	}
	order := strings.Fields("database pooler direct_url litellm foreign_keys triggers rights ledger events writers proxy config")
	if diff := cmp.Diff(order, got); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutAConnectionOnlyTheRestIsChecked(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	for name, test := range map[string]struct{ url, text string }{
		"wrong password":  {misspelt(t, db.URL), `refuses user "`},
		"nobody listens":  {"postgresql://who:hunter2@127.0.0.1:1/litellm", "cannot reach Postgres at 127.0.0.1:1"},
		"no such base":    {strings.Replace(db.URL, db.Name, "nothing", 1), `no database "nothing"`},
		"a silent server": {"postgresql://who:hunter2@" + silent(t) + "/litellm", "no answer within 100ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := subject(t, with(test.url), doctor.Daemon)
			defer s.Pool.Close()
			if name == "a silent server" {
				s.Patience = 100 * time.Millisecond
			}

			r := doctor.Examine(t.Context(), s)

			want(t, r, "database", doctor.Fail, test.text)
			want(t, r, "config", doctor.OK)
			skipped := strings.Fields("pooler litellm foreign_keys triggers rights ledger events writers")
			if diff := cmp.Diff(skipped, r.NotRun); diff != "" || r.Status != doctor.Fail || len(r.Checks) != 3 {
				t.Errorf("the report is %+v: %s", r, diff)
			}
		})
	}
}

func TestAServerThatTakesNoWritesIsGoodEnoughToLook(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	install(t, db)
	url := db.Role(t, "reader", "ALTER ROLE {role} SET default_transaction_read_only = on", "GRANT pg_read_all_data TO {role}")

	want(t, examine(t, with(url), doctor.Daemon), "database", doctor.Fail,
		"default_transaction_read_only is on", `ALTER ROLE "`+db.Name+`_reader" RESET default_transaction_read_only`)
	wantOnly(t, examine(t, with(url), doctor.Plan))
}

func TestTheTablesTellHowOldLiteLLMIsAtLeast(t *testing.T) {
	t.Parallel()
	for v, text := range map[pgtest.Version]string{
		pgtest.V1_81_12: "tables from v1.81.12 or later, 4 tables point at permission rows",
		pgtest.V1_83_14: "tables from v1.83 or later, 7 tables point at permission rows",
		pgtest.V1_88:    "tables from v1.84 or later", // its fix changed no table
		pgtest.Newest:   "tables from v1.108 or later, whose proxies need nothing repaired, 7 tables point at permission rows",
	} {
		db := pgtest.New(t, v, pgtest.InSchema("lite llm"))
		want(t, examine(t, with(db.URL+"&schema=lite%20llm"), doctor.Plan), "litellm", doctor.OK, "schema lite llm, "+text, "last migration 202602")
	}
}

func TestALiteLLMThatCannotBeRepairedFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ sql, text string }{
		"too old": {`DROP TABLE "LiteLLM_AccessGroupTable"`, "older than v1.81.12"},
		"a column less": {`ALTER TABLE "LiteLLM_ObjectPermissionTable" DROP COLUMN mcp_servers`,
			`column mcp_servers of table "LiteLLM_ObjectPermissionTable" is missing`},
		"no LiteLLM": {`ALTER SCHEMA public RENAME TO elsewhere`, `schema "elsewhere" has: set ?schema=`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			db.Exec(t, test.sql)

			r := examine(t, with(db.URL), doctor.Daemon)

			want(t, r, "litellm", doctor.Fail, test.text)
			wantOnly(t, r, "litellm", "ledger")
			if diff := cmp.Diff([]string{"foreign_keys", "triggers", "rights", "events"}, r.NotRun); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLiteLLMsMigrationsAreReadWhereTheyMayBe(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	note := func(id, name, finished, undone string) {
		db.Exec(t, `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, rolled_back_at)
			VALUES ($1, '', $2, nullif($3, '')::timestamptz, nullif($4, '')::timestamptz)`, id, name, finished, undone)
	}
	note("1", "20270101000000_retried", "", "")
	note("2", "20270101000000_retried", "2027-01-02", "")
	note("3", "20270102000000_undone", "", "2027-01-02")
	want(t, examine(t, with(db.URL), doctor.Plan), "litellm", doctor.OK, "last migration 20270101000000_retried")

	note("4", "20270103000000_stuck", "", "")
	want(t, examine(t, with(db.URL), doctor.Plan), "litellm", doctor.Warn, "not finished: 20270103000000_stuck", "let LiteLLM's migrations run")
	if got := lines(examine(t, with(db.Role(t, "plain")), doctor.Plan), "litellm")[0]; strings.Contains(got, "migration") {
		t.Errorf("a role that may not read them is told: %s", got)
	}
	db.Exec(t, `DROP TABLE _prisma_migrations`) // as "prisma db push" leaves it
	want(t, examine(t, with(db.URL), doctor.Plan), "litellm", doctor.OK, "7 tables point at permission rows")
}

func TestAForeignKeyThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Exec(t, `ALTER TABLE "LiteLLM_UserTable" DROP CONSTRAINT "LiteLLM_UserTable_object_permission_id_fkey"`)
	want(t, examine(t, with(db.URL), doctor.Plan), "foreign_keys", doctor.Warn, "none from LiteLLM_UserTable to the permission rows")
}

func TestTriggersAndRulesThatAreNotLiteLLMsAreNamed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	install(t, db)
	for _, schema := range []string{"public", "litellm_reconciler"} {
		db.Exec(t, `CREATE FUNCTION `+schema+`.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`)
	}
	for name, schema := range map[string]string{"own": "litellm_reconciler", "foreign": "public", "off": "public"} {
		db.Exec(t, `CREATE TRIGGER "`+name+`" AFTER UPDATE ON "LiteLLM_TeamTable" EXECUTE FUNCTION `+schema+`.nothing()`)
	}
	db.Exec(t, `ALTER TABLE "LiteLLM_TeamTable" DISABLE TRIGGER "off"`)
	db.Exec(t, `CREATE TRIGGER elsewhere AFTER UPDATE ON "LiteLLM_UserTable" EXECUTE FUNCTION public.nothing()`)
	db.Exec(t, `CREATE RULE quietly AS ON DELETE TO "LiteLLM_AccessGroupTable" DO INSTEAD NOTHING`)

	want(t, examine(t, with(db.URL), doctor.Plan), "triggers", doctor.Warn,
		"may write too: rule quietly on LiteLLM_AccessGroupTable, trigger foreign on LiteLLM_TeamTable")
	if got := lines(examine(t, with(db.URL), doctor.Plan), "triggers")[0]; strings.Contains(got, "own") || strings.Contains(got, "off") {
		t.Errorf("of no interest: %s", got)
	}
}

func TestAColumnThatANewRowCannotFillIsNamed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Exec(t, `ALTER TABLE "LiteLLM_ObjectPermissionTable" ADD tenant text NOT NULL, ADD region text NOT NULL DEFAULT 'eu',
		ADD number bigint NOT NULL GENERATED ALWAYS AS IDENTITY, ADD twice text NOT NULL GENERATED ALWAYS AS ('x') STORED`)
	want(t, examine(t, with(db.URL), doctor.Daemon), "litellm", doctor.Fail, "NOT NULL without a default: tenant: give them one")
	want(t, examine(t, with(db.URL), doctor.Plan), "litellm", doctor.Warn, "tenant")
}

func TestNothingThatIsPrintedDrawsOnATerminal(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	role := "odd \x1b[31m\n\u202erole"
	for _, c := range examine(t, with(db.Role(t, role)), doctor.Daemon).Checks {
		if strings.ContainsAny(c.Detail+c.Remedy, "\x1b\n\u202e") {
			t.Errorf("%s: %q", c.Name, c)
		}
		if c.Name == "rights" && !strings.Contains(c.Remedy, "_odd  [31m  role") {
			t.Errorf("not the role's name: %q", c.Remedy)
		}
	}
	for line := range strings.Lines(script(t, with(db.URL), doctor.Daemon, role)) {
		if strings.HasPrefix(line, "--") && strings.ContainsAny(line, "\x1b\u202e") {
			t.Errorf("a comment: %q", line)
		}
	}
}

func TestACheckThatTakesTooLongIsGivenUp(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	install(t, db)
	tx, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), "LOCK litellm_reconciler.runs"); err != nil {
		t.Fatal(err)
	}
	s := subject(t, with(db.URL), doctor.Daemon)
	s.Patience = time.Second
	r := doctor.Examine(t.Context(), s)
	want(t, r, "ledger", doctor.Fail, "reading the last run")
	want(t, r, "rights", doctor.OK)
	want(t, r, "config", doctor.OK)
}

// The server itself keeps the doctor from writing: here its look at LiteLLM's
// migrations would write, if it could.
func TestTheDoctorReadsInReadOnlyTransactions(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Exec(t, `CREATE TABLE looks ()`)
	db.Exec(t, `CREATE FUNCTION note_look() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS
		'BEGIN INSERT INTO public.looks DEFAULT VALUES; RETURN true; END'`)
	db.Exec(t, `ALTER TABLE _prisma_migrations ENABLE ROW LEVEL SECURITY`)
	db.Exec(t, `CREATE POLICY noted ON _prisma_migrations USING (note_look())`)
	reader := db.Role(t, "reader", "GRANT pg_read_all_data TO {role}")
	want(t, examine(t, with(reader), doctor.Plan), "litellm", doctor.Fail, "takes no writes")
}

package doctor_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/doctor"
	"litellm-reconciler/pkg/postgres"
)

func TestALedgerThatIsNotInstalledIsNoTroubleIfSomebodyWillDoIt(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	owner := db.Role(t, "owner", "GRANT CREATE ON DATABASE {database} TO {role}", "GRANT pg_read_all_data TO {role}")
	reader := db.Role(t, "reader", "GRANT pg_read_all_data TO {role}")
	for name, test := range map[string]struct {
		env     env
		purpose doctor.Purpose
		status  doctor.Status
		text    string
	}{
		"by the role":         {with(owner), doctor.Daemon, doctor.Warn, "the first pass does it, as user " + db.Name + "_owner"},
		"by the direct URL's": {with(reader, "DIRECT_URL", owner), doctor.Daemon, doctor.Warn, "the first pass does it, as user " + db.Name + "_owner"},
		"by nobody": {with(owner, "LEDGER_AUTO_MIGRATE", "false"), doctor.Daemon, doctor.Fail,
			"ledger.auto_migrate is false: litellm-reconciler migrate up, with a role that may make schema litellm_reconciler"},
		"without the right":        {with(reader), doctor.Daemon, doctor.Fail, `CREATE SCHEMA "litellm_reconciler"; GRANT USAGE ON SCHEMA`},
		"not even by a direct URL": {with(owner, "DIRECT_URL", reader), doctor.Revert, doctor.Fail, "user " + db.Name + "_reader may not"},
		"for looking":              {with(reader), doctor.Plan, doctor.OK, "not installed yet"},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, examine(t, test.env, test.purpose), "ledger", test.status, test.text)
		})
	}

	// What it said is enough, also where the schema is there already.
	r := examine(t, with(reader), doctor.Daemon)
	for _, c := range r.Checks {
		if c.Name == "ledger" {
			db.Exec(t, c.Remedy)
		}
	}
	want(t, examine(t, with(reader), doctor.Daemon), "ledger", doctor.Warn, "the first pass does it")
	db.Exec(t, `REVOKE CREATE ON SCHEMA litellm_reconciler FROM PUBLIC, `+pgx.Identifier{db.Name + "_reader"}.Sanitize())
	want(t, examine(t, with(reader), doctor.Daemon), "ledger", doctor.Fail, `database's owner: GRANT USAGE ON SCHEMA "litellm_reconciler"`)
}

func TestTheLedgersStateIsSaid(t *testing.T) {
	t.Parallel()
	run := func(policy, result, failed string) string {
		return `INSERT INTO {ledger}.runs (run_id, started_at, trigger, policy, version, host, finished_at, result, repaired, failed)
			VALUES ('01990000-0000-7000-8000-000000000001', '2026-11-23 10:00+00', 'schedule', '` + policy + `', 'v1.2.3', 'pod-1', now(),
			` + result + `, 3, ` + failed + `)`
	}
	for name, test := range map[string]struct {
		sql    string
		status doctor.Status
		texts  []string
	}{
		"never used": {"SELECT", doctor.OK, []string{"version ", "nothing written yet"}},
		"a good run": {run("managed", "'ok'", "0"), doctor.OK,
			[]string{"last write 2026-11-23 10:00:00 UTC by v1.2.3 on pod-1: ok, 3 teams written, 0 failed"}},
		"an interrupted run": {run("managed", "NULL", "NULL"), doctor.OK, []string{"not finished, or interrupted"}},
		"failed teams":       {run("managed", "'partial'", "2"), doctor.Warn, []string{"partial, 3 teams written, 2 failed", "see the log"}},
		"an error":           {run("managed", "'error'", "0"), doctor.Warn, []string{": error, "}},
		"another policy":     {run("exact", "'ok'", "0"), doctor.Warn, []string{"it had policy exact, this configuration has managed"}},
		"a newer program": {`INSERT INTO {ledger}.schema_version (version_id, is_applied) VALUES (99, true)`, doctor.Fail,
			[]string{"version 99, newer than the", "use the newer litellm-reconciler"}},
		"a table that is gone": {`DROP TABLE {ledger}.grants CASCADE`, doctor.Fail,
			[]string{`not complete: in schema "litellm_reconciler" table grants is gone: restore it from a backup`, "migrate down"}},
		"tables that are gone": {`DROP TABLE {ledger}.schema_version, {ledger}.changes CASCADE`, doctor.Fail,
			[]string{"tables schema_version, changes are gone"}},
		"a version that is gone": {`DELETE FROM {ledger}.schema_version WHERE version_id > 0`, doctor.Fail,
			[]string{"table schema_version is empty"}},
		"a view that is gone": {`DROP VIEW {ledger}.history`, doctor.Fail, []string{"but view history is gone", "migrate down"}},
		"a migration that never ran": {`DROP TABLE {ledger}.grants, {ledger}.changes, {ledger}.runs CASCADE;
			DELETE FROM {ledger}.schema_version WHERE version_id > 0`, doctor.Warn, []string{"not installed yet", "migrate up"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			install(t, db)
			db.Exec(t, postgres.Names{Ledger: "litellm_reconciler"}.SQL(test.sql))

			r := examine(t, with(db.URL), doctor.Daemon)

			want(t, r, "ledger", test.status, test.texts...)
			wantOnly(t, r, "ledger")
		})
	}
}

func TestALedgerThatMayNotBeReadIsNotTakenForAbsent(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	install(t, db)
	r := examine(t, with(db.Role(t, "nobody")), doctor.Daemon)
	want(t, r, "ledger", doctor.Fail, "installed, but user "+db.Name+"_nobody may not read it: see rights")
	want(t, r, "writers", doctor.OK)
}

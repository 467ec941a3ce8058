package doctor_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/doctor"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/watch"
)

func TestOtherSessionsOfThisProgramAreSeen(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	install(t, db)
	plain := db.Role(t, "plain")
	connect := func(address, name string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), address+"&application_name="+url.QueryEscape(name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(t.Context()) })
	}
	connect(db.URL, "LiteLLM")
	want(t, examine(t, with(plain), doctor.Plan), "writers", doctor.OK, "no other session of this program")

	connect(db.URL, "litellm-reconciler")
	connect(db.URL, "litellm-reconciler")
	want(t, examine(t, with(db.URL), doctor.Plan), "writers", doctor.OK, "connected: user ", " at ")
	want(t, examine(t, with(plain), doctor.Plan), "writers", doctor.OK, "connected: user ")

	connect(plain, "litellm-reconciler")
	want(t, examine(t, with(db.URL, "DIRECT_URL", plain), doctor.Plan), "writers", doctor.OK, "connected: user ", ", user ")
}

func TestWhoLeadsIsTold(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	want(t, examine(t, with(db.URL), doctor.Daemon), "writers", doctor.OK, "no copy of the daemon leads")
	install(t, db)
	want(t, examine(t, with(db.URL), doctor.Daemon), "writers", doctor.OK, "no copy of the daemon leads")
	db.Exec(t, `INSERT INTO litellm_reconciler.lease VALUES ('daemon', 'pod-7/ABC', 3, now(), now() + interval '1 minute')`)
	want(t, examine(t, with(db.URL), doctor.Daemon), "writers", doctor.OK, "the daemon pod-7/ABC, term 3 leads")
	db.Exec(t, `UPDATE litellm_reconciler.lease SET expires_at = now()`)
	want(t, examine(t, with(db.URL), doctor.Daemon), "writers", doctor.OK, "no copy of the daemon leads")
	db.Exec(t, `DROP TABLE litellm_reconciler.lease`)
	want(t, examine(t, with(db.URL), doctor.Daemon), "writers", doctor.OK, "cannot be seen")
}

func TestTheStateOfTheTriggersIsTold(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	events := func(status doctor.Status, texts string, pairs ...string) {
		t.Helper()
		want(t, examine(t, with(db.URL, pairs...), doctor.Daemon), "events", status, texts)
	}
	events(doctor.OK, "no triggers")
	install(t, db)
	events(doctor.OK, "the daemon installs them", "WATCH_TRIGGERS", "true")
	want(t, examine(t, with(db.Role(t, "plain", `GRANT SELECT ON litellm_reconciler.schema_version TO {role}`,
		`GRANT USAGE ON SCHEMA litellm_reconciler TO {role}`), "WATCH_TRIGGERS", "true"), doctor.Daemon),
		"events", doctor.Warn, "cannot install them", `GRANT TRIGGER ON "public"."LiteLLM_TeamTable"`)
	s := subject(t, with(db.URL), doctor.Daemon)
	defer s.Pool.Close()
	w := watch.Watch{Pool: s.Pool, Names: postgres.Names{LiteLLM: "public", Ledger: "litellm_reconciler"},
		LockTimeout: time.Second, StatementTimeout: time.Minute, Patience: time.Second}
	if err := w.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	events(doctor.OK, "repaired at once")
	want(t, examine(t, with(db.Pooled(t, "transaction")), doctor.Daemon), "events", doctor.OK, "looked for every 1s")
	db.Exec(t, `ALTER TABLE "LiteLLM_TeamTable" DISABLE TRIGGER litellm_reconciler`)
	events(doctor.Warn, "LiteLLM_TeamTable is disabled")
}

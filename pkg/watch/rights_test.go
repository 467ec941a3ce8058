package watch_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/watch"
)

// A role that owns none of LiteLLM's tables: TRIGGER on them is enough, to remove as well.
func TestInstallingNamesTheRightsThatItTakes(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.Newest)
	b.furnish(t)
	url := b.Role(t, "plain", `GRANT USAGE ON SCHEMA {schema} TO {role}`, `GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}`)
	plain := b.Watch
	plain.Pool = open(t, url)
	err := plain.Install(t.Context())
	if err == nil {
		t.Fatal("installed without rights")
	}
	_, statements, found := strings.Cut(err.Error(), "run as the owner of the tables: ")
	if !found || !strings.Contains(statements, `GRANT TRIGGER ON "public"."LiteLLM_AccessGroupTable" TO `) {
		t.Fatalf("got %v", err)
	}
	b.Exec(t, statements)
	if err := plain.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	do(t, b.session(t), writes[:3]...)
	if _, err := plain.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.collect(t, "team")
	b.Exec(t, `ALTER TABLE "LiteLLM_TeamTable" DISABLE TRIGGER litellm_reconciler`)
	if err := plain.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, "states", b.states(t), all(watch.Installed))
	if err := plain.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, "states", b.states(t), all(watch.Missing))
}

func TestUsingTheQueueTakesItsRightsAndNoMore(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	b.furnish(t)
	url := b.Role(t, "daemon", `GRANT USAGE ON SCHEMA {schema}, litellm_reconciler TO {role}`,
		`GRANT SELECT (team_id, access_group_ids, object_permission_id) ON {schema}."LiteLLM_TeamTable" TO {role}`,
		`GRANT SELECT ON litellm_reconciler.grants TO {role}`)
	daemon := b.Watch
	daemon.Pool = open(t, url)
	for _, right := range watch.Rights(b.Names) {
		b.Exec(t, right.Grant(daemon.Pool.Config().ConnConfig.User))
	}
	do(t, b.session(t), writes[0])
	for range 2 { // inserting and updating
		do(t, b.session(t), writes[0])
		if _, err := daemon.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	items, err := daemon.Take(t.Context(), 10)
	if err != nil || len(items) != 1 {
		t.Fatalf("got %v, %v", items, err)
	}
	for what, err := range map[string]error{
		"retry":   daemon.Retry(t.Context(), items),
		"refresh": daemon.Refresh(t.Context()),
		"done":    done(t, daemon, items),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := daemon.Backlog(t.Context()); err != nil {
		t.Error(err)
	}
}

// Somebody may pin what the function must not be used for: to fill the inbox from a table of one's own.
func TestNobodyElseMayUseTheFunction(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	url := b.Role(t, "stranger", `GRANT USAGE ON SCHEMA litellm_reconciler TO {role}`, `GRANT CREATE ON SCHEMA {schema} TO {role}`)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	do(t, conn, `CREATE TABLE public.own (team_id text)`)
	_, err = conn.Exec(t.Context(), `CREATE TRIGGER litellm_reconciler AFTER INSERT ON public.own
		FOR EACH ROW EXECUTE FUNCTION litellm_reconciler.litellm_reconciler_enqueue('team')`)
	if !postgres.MissingRight(err) {
		t.Errorf("got %v", err)
	}
}

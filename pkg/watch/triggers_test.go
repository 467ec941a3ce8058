package watch_test

import (
	"errors"
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/watch"
)

// states are those of the triggers, by table.
func (b *bundle) states(t *testing.T) map[string]watch.State {
	t.Helper()
	triggers, err := b.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]watch.State{}
	for _, trigger := range triggers {
		states[strings.TrimSuffix(strings.TrimPrefix(trigger.Table, "LiteLLM_"), "Table")] = trigger.State
	}
	return states
}

func all(s watch.State) map[string]watch.State {
	return map[string]watch.State{"AccessGroup": s, "ObjectPermission": s, "Team": s}
}

func TestTriggersAreInstalledAndRemoved(t *testing.T) {
	t.Parallel()
	for _, v := range pgtest.Versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			b := setup(t, v)
			objects := func() []string {
				return pgtest.Scalar[[]string](t, b.Database, `SELECT array_agg(o ORDER BY o) FROM (
					SELECT format('%s on %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
					UNION ALL SELECT p.oid::regprocedure::text FROM pg_proc p WHERE pronamespace = 'litellm_reconciler'::regnamespace
					UNION ALL SELECT 'in the ledger: ' || (SELECT count(*) FROM litellm_reconciler.inbox)
						|| (SELECT count(*) FROM litellm_reconciler.pending) || (SELECT count(*) FROM litellm_reconciler.teams)) AS o (o)`)
			}
			before := objects()
			same(t, "at first", b.states(t), all(watch.Missing))
			if err := b.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "LiteLLM_TeamTable is missing") ||
				!strings.Contains(err.Error(), "litellm-reconciler migrate triggers install") {
				t.Errorf("got %v", err)
			}
			for range 2 {
				b.install(t)
				same(t, "installed", b.states(t), all(watch.Installed))
				if err := b.Check(t.Context()); err != nil {
					t.Error(err)
				}
			}
			b.Group(t, "dev", "github")
			b.Team(t, "a", "dev")
			b.collect(t, "a")
			for range 2 {
				if err := b.Remove(t.Context()); err != nil {
					t.Fatal(err)
				}
				same(t, "removed", objects(), before)
			}
			b.Team(t, "b", "dev")
			b.collect(t)
		})
	}
}

func TestWhatHappenedToATriggerIsSeenAndCured(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		statement string
		want      watch.State
	}{
		"dropped":          {`DROP TRIGGER litellm_reconciler ON {schema}."LiteLLM_TeamTable"`, watch.Missing},
		"disabled":         {`ALTER TABLE {schema}."LiteLLM_TeamTable" DISABLE TRIGGER litellm_reconciler`, watch.Disabled},
		"for replicas":     {`ALTER TABLE {schema}."LiteLLM_TeamTable" ENABLE REPLICA TRIGGER litellm_reconciler`, watch.Disabled},
		"always":           {`ALTER TABLE {schema}."LiteLLM_TeamTable" ENABLE ALWAYS TRIGGER litellm_reconciler`, watch.Installed},
		"of other columns": {`CREATE OR REPLACE TRIGGER litellm_reconciler AFTER UPDATE ON {schema}."LiteLLM_TeamTable" FOR EACH ROW EXECUTE FUNCTION litellm_reconciler.litellm_reconciler_enqueue('team')`, watch.Old},
		"a table anew": {`ALTER TABLE {schema}."LiteLLM_TeamTable" RENAME TO gone; CREATE TABLE {schema}."LiteLLM_TeamTable" (LIKE {schema}.gone INCLUDING ALL);
			INSERT INTO {schema}."LiteLLM_TeamTable" SELECT * FROM {schema}.gone; DROP TABLE {schema}.gone CASCADE`, watch.Missing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := watched(t, pgtest.Newest)
			b.furnish(t)
			b.Exec(t, test.statement)
			want := all(watch.Installed)
			want["Team"] = test.want
			same(t, "states", b.states(t), want)
			b.install(t)
			if name != "always" {
				same(t, "states after install", b.states(t), all(watch.Installed))
			}
			b.inbox(t)
			b.SetTeamGroups(t, "team")
			b.wantInbox(t, "team team")
		})
	}
}

func TestAnotherVersionsFunctionIsOld(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"another body": `CREATE OR REPLACE FUNCTION litellm_reconciler.litellm_reconciler_enqueue() RETURNS trigger
			LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NULL; END'`,
		"as the caller":   `ALTER FUNCTION litellm_reconciler.litellm_reconciler_enqueue() SECURITY INVOKER`,
		"an open setting": `ALTER FUNCTION litellm_reconciler.litellm_reconciler_enqueue() RESET search_path`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := watched(t, pgtest.Newest)
			b.Exec(t, statement)
			same(t, "states", b.states(t), all(watch.Old))
			b.install(t)
			same(t, "states after install", b.states(t), all(watch.Installed))
		})
	}
}

func TestTheTriggersGoWithTheLedger(t *testing.T) {
	t.Parallel()
	for name, drop := range map[string]func(t *testing.T, b *bundle) error{
		"schema dropped": func(t *testing.T, b *bundle) error { b.Exec(t, `DROP SCHEMA litellm_reconciler CASCADE`); return nil },
		"migrated down":  func(t *testing.T, b *bundle) error { return b.ledger.Down(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := watched(t, pgtest.Newest)
			b.furnish(t)
			if err := drop(t, b); err != nil {
				t.Fatal(err)
			}
			same(t, "states", b.states(t), all(watch.Missing))
			do(t, b.session(t), writes...)
			if err := b.Remove(t.Context()); err != nil && name == "migrated down" {
				t.Errorf("removing what is not there: %v", err)
			}
			if err := b.Install(t.Context()); err == nil {
				t.Error("installed without the tables that it fills")
			}
		})
	}
}

// They swallow their errors, so nobody would hear of it otherwise.
func TestTriggersThatRunAsARoleWithoutTheRightsArePowerless(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	b.furnish(t)
	url := b.Role(t, "owner", `GRANT USAGE, CREATE ON SCHEMA litellm_reconciler TO {role}`, `GRANT SELECT, INSERT, UPDATE ON litellm_reconciler.inbox TO {role}`)
	owner := open(t, url).Config().ConnConfig.User
	b.Exec(t, `ALTER FUNCTION litellm_reconciler.litellm_reconciler_enqueue() OWNER TO "`+owner+`"`)
	for _, right := range []string{"SELECT ON litellm_reconciler.inbox", "INSERT ON litellm_reconciler.inbox", "UPDATE ON litellm_reconciler.inbox", "USAGE ON SCHEMA litellm_reconciler"} {
		same(t, "states", b.states(t), all(watch.Installed))
		b.Exec(t, `REVOKE `+right+` FROM "`+owner+`"`)
		same(t, "states without "+right, b.states(t), all(watch.Powerless))
		for what, err := range map[string]error{"check": b.Check(t.Context()), "install": b.Install(t.Context())} {
			if !errors.Is(err, watch.ErrNotInstalled) {
				t.Fatalf("%s without %s: %v", what, right, err)
			}

		}
		_, grants, _ := strings.Cut(b.Check(t.Context()).Error(), "run as the owner of the tables: ")
		b.Exec(t, grants)
	}
	b.SetTeamGroups(t, "team")
	b.wantInbox(t, "team team")
}

package ledger_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/postgres"
)

func TestARoleThatMayCreateNoSchemaIsToldHow(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest)
	m := newMigrator(t, open(t, d.Role(t, "limited")), names)
	err := m.Up(t.Context())
	if !postgres.MissingRight(err) {
		t.Fatalf("got %v", err)
	}
	says(t, err, "GRANT CREATE ON DATABASE", "litellm-reconciler migrate up", `"litellm_reconciler"`)

	_, grant, _ := strings.Cut(err.Error(), "GRANT ")
	grant, _, _ = strings.Cut(grant, ";")
	d.Exec(t, "GRANT "+grant)
	if err := m.Up(t.Context()); err != nil {
		t.Errorf("after what it said was done: %v", err)
	}
}

func TestASchemaThatAnAdministratorMadeWillDo(t *testing.T) {
	t.Parallel()
	for name, grants := range map[string][]string{
		"owned by the role":        {`CREATE SCHEMA litellm_reconciler AUTHORIZATION {role}`},
		"granted to the role":      {`CREATE SCHEMA litellm_reconciler`, `GRANT USAGE, CREATE ON SCHEMA litellm_reconciler TO {role}`},
		"owned, and in use before": {`CREATE SCHEMA litellm_reconciler AUTHORIZATION {role}`, `CREATE TABLE litellm_reconciler.notes ()`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := pgtest.New(t, pgtest.Newest)
			m := newMigrator(t, open(t, d.Role(t, "limited", grants...)), names)
			if err := m.Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := m.Check(t.Context()); err != nil {
				t.Error(err)
			}
			if err := m.Down(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestARoleWithoutTheNeededRightsIsToldWhichOnes(t *testing.T) {
	t.Parallel()
	// What it says is done until it is content.
	for name, c := range map[string]struct {
		grants, want []string
	}{
		"a schema of somebody else": {
			[]string{`CREATE SCHEMA litellm_reconciler`},
			[]string{`GRANT USAGE ON SCHEMA "litellm_reconciler"`},
		},
		"a schema only to look at": {
			[]string{`CREATE SCHEMA litellm_reconciler`, `GRANT USAGE ON SCHEMA litellm_reconciler TO {role}`},
			[]string{`GRANT CREATE ON SCHEMA "litellm_reconciler"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := pgtest.New(t, pgtest.Newest)
			m := newMigrator(t, open(t, d.Role(t, "limited", c.grants...)), names)
			for _, want := range c.want {
				err := m.Up(t.Context())
				if !postgres.MissingRight(err) || errors.Is(err, ledger.ErrAbsent) {
					t.Fatalf("got %v", err)
				}
				says(t, err, "run as the owner of the schema: "+want)
				_, statements, _ := strings.Cut(err.Error(), "schema: ")
				d.Exec(t, statements)
			}
			if err := m.Up(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// An administrator's script makes the schema before anything is installed in it.
func TestAnEmptySchemaThatMayNotBeUsedHoldsNoLedger(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest)
	m := newMigrator(t, open(t, d.Role(t, "limited", `CREATE SCHEMA litellm_reconciler`)), names)
	if err := m.Check(t.Context()); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("got %v", err)
	}
}

func TestAnInstalledLedgerThatMayNotBeReadIsNotAbsent(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	m := newMigrator(t, open(t, d.Role(t, "limited")), names)
	err := m.Check(t.Context())
	if !postgres.MissingRight(err) || errors.Is(err, ledger.ErrAbsent) {
		t.Fatalf("got %v", err)
	}
	_, statements, _ := strings.Cut(err.Error(), "schema: ")
	d.Exec(t, statements)
	if err := m.Check(t.Context()); err != nil {
		t.Errorf("after what it said was done: %v", err)
	}
}

func TestALockThatMayNotBeTakenIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest)
	// As an administrator leaves it whose first migration failed.
	d.Exec(t, `CREATE SCHEMA litellm_reconciler`)
	d.Exec(t, `CREATE TABLE litellm_reconciler.migration_lock (lock_id bigint PRIMARY KEY, locked boolean,
		locked_at timestamptz, locked_by text, lease_expires_at timestamptz, updated_at timestamptz)`)
	pool := open(t, d.Role(t, "limited", `GRANT USAGE, CREATE ON SCHEMA litellm_reconciler TO {role}`))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // a third of what it waits for a lock
	defer cancel()
	if err := newMigrator(t, pool, names).Up(ctx); !postgres.MissingRight(err) {
		t.Errorf("got %v", err)
	}
}

func TestUpNeedsNoRightWhenAllIsInPlace(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	pool := open(t, d.Role(t, "limited",
		`GRANT USAGE ON SCHEMA litellm_reconciler TO {role}`, `GRANT SELECT ON litellm_reconciler.schema_version TO {role}`))
	if err := newMigrator(t, pool, names).Up(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRightsSufficeForAllThatARepairDoes(t *testing.T) {
	t.Parallel()
	d, _ := installed(t)
	pool := open(t, d.Role(t, "limited", // the ledger reads the row it writes of
		`GRANT USAGE ON SCHEMA {schema} TO {role}`,
		`GRANT SELECT (object_permission_id, mcp_servers) ON {schema}."LiteLLM_ObjectPermissionTable" TO {role}`))
	missing, err := postgres.MissingRights(t.Context(), pool, ledger.Rights(names))
	if err != nil || len(missing) != len(ledger.Rights(names)) {
		t.Fatalf("missing %v, error %v", missing, err)
	}
	d.Exec(t, postgres.GrantStatements(missing, pool.Config().ConnConfig.User))

	m := newMigrator(t, pool, names)
	w := ledger.Writes{Run: newRun(), Entries: []ledger.Entry{created("team")}, Forget: []string{"gone"}}
	rows(t, d, w.Entries...)
	err = pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		var q pgx.Batch
		ledger.QueueRead(&q, names, []string{"team"})
		return errors.Join(w.Queue(&q, names), tx.SendBatch(t.Context(), &q).Close())
	})
	if err := errors.Join(err, m.Check(t.Context()), w.Run.Finish(t.Context(), pool, names, w.Run.Started, "ok", 1, 0, true)); err != nil {
		t.Error(err)
	}
}

package ledger_test

import (
	"errors"
	"slices"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/ledger"
)

func TestALedgerThatLostATableIsNeitherInstalledNorAbsent(t *testing.T) {
	t.Parallel()
	for sql, text := range map[string]string{
		`ALTER TABLE litellm_reconciler.schema_version RENAME TO gone`: "table schema_version is gone",
		`DROP TABLE litellm_reconciler.grants`:                         "table grants is gone",
		`DROP TABLE litellm_reconciler.grants, litellm_reconciler.runs, litellm_reconciler.changes, litellm_reconciler.lease,
		litellm_reconciler.inbox, litellm_reconciler.pending, litellm_reconciler.teams CASCADE`: "tables grants, changes, runs are gone",
		`DELETE FROM litellm_reconciler.schema_version`: "table schema_version is empty",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			d, m := installed(t)
			d.Exec(t, sql)
			for name, err := range map[string]error{"check": m.Check(t.Context()), "up": m.Up(t.Context())} {
				if !errors.Is(err, ledger.ErrIncomplete) || errors.Is(err, ledger.ErrAbsent) {
					t.Fatalf("%s: got %v", name, err)
				}
				says(t, err, `in schema "litellm_reconciler" `+text, "backup", "litellm-reconciler migrate down")
			}
			if err := m.Down(t.Context()); err != nil {
				t.Fatal(err)
			}
			absent(t, m)
			if err := errors.Join(m.Up(t.Context()), m.Check(t.Context())); err != nil {
				t.Errorf("starting over: %v", err)
			}
		})
	}
}

func TestALedgerWithoutItsViewCanBeRemoved(t *testing.T) {
	t.Parallel()
	d, m := installed(t)
	d.Exec(t, `DROP VIEW litellm_reconciler.history`)
	if err := m.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	absent(t, m)
}

func TestTablesOfSomebodyElseAreNoLedgerAndStay(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest)
	d.Exec(t, `CREATE SCHEMA litellm_reconciler CREATE TABLE runs (id bigint) CREATE TABLE grants (id bigint)`)
	m := newMigrator(t, d.Pool, names)
	absent(t, m)
	if err := m.Up(t.Context()); err == nil {
		t.Error("it was installed over them")
	}
	if err := m.Down(t.Context()); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("removed: %v", err)
	}
	if got := relations(t, d, names.Ledger); !slices.Contains(got, "runs") || !slices.Contains(got, "grants") {
		t.Errorf("left are %v", got)
	}
}

// The first of two transactions of an installation makes the table of versions.
func TestAnInstallationThatWasInterruptedIsGoneOnWith(t *testing.T) {
	t.Parallel()
	d, m := installed(t)
	d.Exec(t, `DROP TABLE litellm_reconciler.grants, litellm_reconciler.runs, litellm_reconciler.changes, litellm_reconciler.lease,
		litellm_reconciler.inbox, litellm_reconciler.pending, litellm_reconciler.teams CASCADE`)
	d.Exec(t, `DELETE FROM litellm_reconciler.schema_version WHERE version_id > 0`)
	if err := m.Check(t.Context()); !errors.Is(err, ledger.ErrAbsent) {
		t.Fatalf("got %v", err)
	}
	if err := errors.Join(m.Up(t.Context()), m.Check(t.Context())); err != nil {
		t.Error(err)
	}
}

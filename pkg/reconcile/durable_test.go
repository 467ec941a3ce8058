package reconcile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/reconcile"
)

// A batch does not wait for the disk. What a person or a script is told of does,
// once, at its end.
func TestOnlyTheEndOfARunWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		write func(*testing.T, *bundle)
		want  string // of the batch and of the end
	}{
		"a pass":      {func(t *testing.T, b *bundle) { b.waits(t); b.repair(t) }, "off on"},
		"a revert":    {func(t *testing.T, b *bundle) { b.repair(t); b.waits(t); b.revert(t, reconcile.Scope{}) }, "off on"},
		"an adoption": {func(t *testing.T, b *bundle) { b.SetServers(t, "row", "own", "github"); b.waits(t); b.adopt(t, "team") }, "off on"},
		"a reaction": {func(t *testing.T, b *bundle) {
			r := b.reactor(t)
			b.SetGroup(t, "general", "github", "jira")
			b.waits(t)
			r.reacted(t, 0)
		}, "off off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.Newest)
			b.team(t, "own")
			test.write(t, b)
			got := pgtest.Scalar[string](t, b.Database, `SELECT coalesce(string_agg(setting, ' ' ORDER BY n), '') FROM {schema}.waits`)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// waits records from now on which commits wait for the disk.
func (b *bundle) waits(t *testing.T) {
	t.Helper()
	b.Exec(t, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = on', current_database()); END $$`)
	b.pool.Reset()
	b.Exec(t, `CREATE TABLE {schema}.waits (n bigint GENERATED ALWAYS AS IDENTITY, setting text)`)
	b.Exec(t, `CREATE FUNCTION {schema}.wait() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO {schema}.waits (setting) VALUES (current_setting('synchronous_commit'));
			RETURN NULL;
		END $$`)
	b.Exec(t, `CREATE TRIGGER wait AFTER INSERT ON litellm_reconciler.changes FOR EACH ROW EXECUTE FUNCTION {schema}.wait()`)
	b.Exec(t, `CREATE TRIGGER wait AFTER UPDATE ON litellm_reconciler.runs FOR EACH ROW EXECUTE FUNCTION {schema}.wait()`)
}

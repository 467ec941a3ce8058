package reconcile_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/reconcile"
)

func (b *bundle) reconciler() *reconcile.Reconciler {
	return reconcile.New(b.pool, b.migrator, b.config, slog.New(slog.DiscardHandler), time.Now)
}

// propose is what a revert would do, now.
func (b *bundle) propose(t *testing.T, s reconcile.Scope) *reconcile.Proposals {
	t.Helper()
	p, err := b.reconciler().ProposeRevert(t.Context(), s, func(reconcile.Proposal) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (b *bundle) carryOut(t *testing.T, s reconcile.Scope, p *reconcile.Proposals) reconcile.Outcome {
	t.Helper()
	outcome, err := b.reconciler().Revert(t.Context(), s, p, reconcile.Options{Trigger: "revert"})
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

func (b *bundle) revert(t *testing.T, s reconcile.Scope) reconcile.Outcome {
	t.Helper()
	return b.carryOut(t, s, b.propose(t, s))
}

// lastRun is the id of the newest run.
func (b *bundle) lastRun(t *testing.T) *uuid.UUID {
	t.Helper()
	id := pgtest.Scalar[uuid.UUID](t, b.Database, `SELECT run_id FROM litellm_reconciler.runs ORDER BY run_id DESC LIMIT 1`)
	return &id
}

func (b *bundle) wantServers(t *testing.T, team string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), append([]string{}, b.Servers(t, team)...)); diff != "" {
		t.Errorf("servers of team %s (-want +got):\n%s", team, diff)
	}
}

func TestARevertLeavesABusyTeamForTheNextOne(t *testing.T) {
	t.Parallel()
	for name, lock := range map[string]string{
		"a row being written":         `UPDATE "LiteLLM_ObjectPermissionTable" SET vector_stores = '{v}'`,
		"a team to be unlinked":       `UPDATE "LiteLLM_TeamTable" SET spend = 1`,
		"LiteLLM's own advisory lock": `SELECT pg_advisory_xact_lock(hashtext('team'))`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.Newest)
			b.Group(t, "general", "github")
			b.Team(t, "team", "general")
			b.repair(t)
			other := b.hold(t, lock)
			outcome := b.revert(t, reconcile.Scope{})
			if outcome.Skipped[reconcile.Busy] != 1 || outcome.Teams != 0 {
				t.Errorf("got %+v, want one busy team", outcome)
			}
			b.wantServers(t, "team", "github")
			if err := other.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.revert(t, reconcile.Scope{})
			if b.RowID(t, "team") != "" {
				t.Error("the team still has a row")
			}
		})
	}
}

// What was proposed is read again under the locks.
func TestARevertTrustsNothingThatWasReadBeforeItsLocks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		meanwhile func(*testing.T, *bundle)
		want      []string
	}{
		"an administrator adds an entry": {
			func(t *testing.T, b *bundle) { b.SetServers(t, b.RowID(t, "team"), "github", "direct") }, []string{"direct"},
		},
		"an administrator takes the entry out": {
			func(t *testing.T, b *bundle) { b.SetServers(t, b.RowID(t, "team"), "direct") }, []string{"direct"},
		},
		"the team gets another row": {
			func(t *testing.T, b *bundle) { b.Row(t, "other", "github"); b.LinkTeam(t, "team", "other") }, []string{"github"},
		},
		"the row gets tool permissions": {
			func(t *testing.T, b *bundle) {
				b.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_tool_permissions = '{"jira": ["search"]}'`)
			}, []string{},
		},
		"a pass takes the entry out": {
			func(t *testing.T, b *bundle) { b.SetTeamGroups(t, "team"); b.repair(t) }, []string{},
		},
		"another revert was faster": {
			func(t *testing.T, b *bundle) { b.revert(t, reconcile.Scope{}) }, []string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_83_14)
			b.Group(t, "general", "github")
			b.Team(t, "team", "general")
			b.repair(t)
			proposals := b.propose(t, reconcile.Scope{})
			test.meanwhile(t, b)
			b.carryOut(t, reconcile.Scope{}, proposals)
			b.wantServers(t, "team", test.want...)
			if n := pgtest.Scalar[int](t, b.Database, `SELECT count(*)::int FROM litellm_reconciler.grants WHERE servers <> '{}'`); n != 0 {
				t.Error("the ledger still owns something")
			}
		})
	}
}

func TestARowThatHoldsSomethingElseStays(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]string{
		"a list of LiteLLM's":      `vector_stores = '{store}'`,
		"tool permissions":         `mcp_tool_permissions = '{"jira": ["search"]}'`,
		"a flag":                   `mcp_tool_search_enabled = false`,
		"a number of a newer time": `later = 3`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.Newest)
			b.Exec(t, oneMoreColumn)
			b.Group(t, "general", "github")
			b.Team(t, "team", "general")
			b.repair(t)
			row := b.RowID(t, "team")
			b.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET `+set)
			b.revert(t, reconcile.Scope{})
			if b.RowID(t, "team") != row {
				t.Error("the row was taken from the team")
			}
			b.wantServers(t, "team")
		})
	}
}

// Rows that somebody shares by now: strangers keep what they have.
func TestARevertTakesNothingFromStrangers(t *testing.T) {
	t.Parallel()
	for name, direct := range map[string][]string{
		"of a row that holds nothing else":         {},
		"of a row that an administrator added to":  {"direct"},
		"of a row with more than was granted here": {"direct", "wiki"},
	} {
		for _, table := range pgtest.OwnerTables(pgtest.V1_83_14) {
			t.Run(name+", "+table, func(t *testing.T) {
				t.Parallel()
				b := setup(t, pgtest.V1_83_14)
				b.Group(t, "general", "github")
				b.Team(t, "team", "general")
				b.repair(t)
				row := b.RowID(t, "team")
				b.SetServers(t, row, append([]string{"github"}, direct...)...)
				b.Own(t, table, row)
				b.revert(t, reconcile.Scope{})
				b.wantServers(t, "team", direct...)
				if n := pgtest.Scalar[int](t, b.Database, `SELECT count(*)::int FROM {schema}."LiteLLM_ObjectPermissionTable"
					WHERE object_permission_id = $1 AND mcp_servers[1] = 'github'`, row); n != 1 {
					t.Error("the stranger's row was written")
				}
			})
		}
	}
}

func TestARevertLeavesASentinelAloneAndRemembers(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.Newest)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.repair(t)
	b.SetServers(t, b.RowID(t, "team"), "github", "all-proxy-mcpservers")
	before := b.Fingerprint(t)
	b.revert(t, reconcile.Scope{})
	if b.Fingerprint(t) != before {
		t.Error("the row was written")
	}
	b.SetServers(t, b.RowID(t, "team"), "github")
	b.revert(t, reconcile.Scope{})
	b.wantServers(t, "team")
}

func TestARevertForgetsATeamThatLiteLLMDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.repair(t)
	b.DeleteTeam(t, "team")
	if outcome := b.revert(t, reconcile.Scope{}); outcome.Skipped[reconcile.Gone] != 1 || outcome.Unfinished() != 0 {
		t.Errorf("got %+v", outcome)
	}
	if n := pgtest.Scalar[int](t, b.Database, `SELECT count(*)::int FROM litellm_reconciler.grants`); n != 0 {
		t.Error("the ledger did not forget the team")
	}
}

func TestARunIsTakenBackAloneAndGrantedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github", "jira")
	b.Team(t, "team", "general")
	b.repair(t)
	b.SetGroup(t, "general", "github", "jira", "wiki")
	b.Team(t, "other", "general")
	b.repair(t)
	second := b.lastRun(t)

	b.revert(t, reconcile.Scope{Run: second})
	b.wantServers(t, "team", "github", "jira")
	if b.RowID(t, "other") != "" {
		t.Error("the row that the run made is still there")
	}
	if p := b.propose(t, reconcile.Scope{Run: second}); p.Len() != 0 {
		t.Errorf("%d teams to be reverted a second time", p.Len())
	}

	b.repair(t) // access groups grant it still
	b.wantServers(t, "team", "github", "jira", "wiki")
	b.wantServers(t, "other", "github", "jira", "wiki")
	if p := b.propose(t, reconcile.Scope{Run: second}); p.Len() != 0 {
		t.Errorf("what a later run granted again is taken back with the earlier one, of %d teams", p.Len())
	}
}

// LiteLLM writes a row whole, as it read it before: what a run granted comes
// back, and the next pass takes it out again if no group grants it any more.
func TestAnEntryOfARevertedRunThatIsWrittenBackIsTakenOut(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.repair(t)
	b.SetGroup(t, "general", "github", "jira")
	b.repair(t)
	b.revert(t, reconcile.Scope{Run: b.lastRun(t)})
	b.SetServers(t, b.RowID(t, "team"), "github", "jira")
	b.SetGroup(t, "general", "github")
	b.repair(t)
	b.wantServers(t, "team", "github")
}

func TestACancelledRevertStopsBetweenBatches(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.BatchSize = 5
	b.many(t, 20)
	b.repair(t)
	proposals := b.propose(t, reconcile.Scope{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	outcome, err := b.reconciler().Revert(ctx, reconcile.Scope{}, proposals, reconcile.Options{Trigger: "revert", Progress: func(int, int) { cancel() }})
	if err == nil || outcome.Teams != 5 {
		t.Errorf("%d teams, error %v, want 5 and the cancellation", outcome.Teams, err)
	}
	if outcome := b.revert(t, reconcile.Scope{}); outcome.Teams != 15 {
		t.Errorf("the next revert took back %d teams, want 15", outcome.Teams)
	}
}

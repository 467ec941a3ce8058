package reconcile_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
)

// However a team goes from row to row, what is owned in one that it comes back
// to is what was owned there when it left.
func TestATeamThatComesBackToARowOwnsWhatItOwnedThere(t *testing.T) {
	t.Parallel()
	for _, policy := range []plan.Policy{plan.Managed, plan.Additive, plan.Exact} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprint(policy, seed), func(t *testing.T) {
				t.Parallel()
				w := &wanderer{bundle: setup(t, pgtest.V1_88), rng: rand.New(rand.NewPCG(seed, 1)), owned: map[string][]string{}}
				w.config.Policy, w.config.Guard.MaxRevokedFraction = policy, 1
				w.Group(t, "dev", "a")
				w.Team(t, "team", "dev")
				for _, row := range []string{"one", "two"} {
					w.Row(t, row, w.some()...)
					w.rows = append(w.rows, row)
				}
				for range 40 {
					w.change(t)
				}
			})
		}
	}
}

// wanderer is the team "team", and what it owned in each row that it had.
type wanderer struct {
	*bundle
	rng   *rand.Rand
	rows  []string
	owned map[string][]string
	story []string
}

func (w *wanderer) some() []string {
	list := []string{"a", "b", "c", "own"}
	w.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:w.rng.IntN(len(list)+1)]
}

func (w *wanderer) change(t *testing.T) {
	t.Helper()
	row := w.RowID(t, "team")
	switch what := w.rng.IntN(10); {
	case what < 1:
		servers := w.some()
		w.note("the group grants %v", servers)
		w.SetGroup(t, "dev", servers...)
	case what < 3 && row != "":
		servers := w.some()
		w.note("row %s is written: %v", row, servers)
		w.SetServers(t, row, servers...)
	case what < 5:
		to := w.rows[w.rng.IntN(len(w.rows))]
		w.note("the team gets row %s", to)
		w.LinkTeam(t, "team", to)
	case what == 5:
		w.note("the team gets no row")
		w.LinkTeam(t, "team", "")
	case what == 6 && row != "":
		w.note("row %s is shared", row)
		w.Own(t, "LiteLLM_VerificationToken", row)
	case what == 7:
		w.note("an hour passes")
		w.Exec(t, "UPDATE litellm_reconciler.grants SET revoked_at = revoked_at - interval '2 hours'")
	default:
		w.repaired(t)
	}
}

func (w *wanderer) note(format string, args ...any) {
	w.story = append(w.story, fmt.Sprintf(format, args...))
}

// repaired repairs the team as its history has it.
func (w *wanderer) repaired(t *testing.T) {
	t.Helper()
	want := w.decided(t)
	w.note("repair")
	if report := w.repair(t); report.Done.Skipped[reconcile.Moved] != 0 {
		t.Fatalf("%q: %+v", w.story, report.Done)
	}
	if diff := cmp.Diff(want, w.Servers(t, "team")); diff != "" {
		t.Fatalf("%q: %s", w.story, diff)
	}
	if report := w.repair(t); report.Done.Teams+report.Done.Settled != 0 {
		t.Fatalf("%q: it does not come to rest: %+v", w.story, report.Done)
	}
	row := w.RowID(t, "team")
	if !slices.Contains(w.rows, row) && row != "" {
		w.rows = append(w.rows, row)
	}
	known, owned := w.grant(t)
	if known == "" { // forgotten: it had no row, and was granted nothing
		maps.DeleteFunc(w.owned, func(string, []string) bool { return true })
		return
	}
	w.owned[known] = owned
}

// decided is what is to be in the row after a repair.
func (w *wanderer) decided(t *testing.T) []string {
	t.Helper()
	team := plan.Team{Union: pgtest.Scalar[[]string](t, w.Database,
		`SELECT ARRAY(SELECT unnest(access_mcp_server_ids) AS s ORDER BY s) FROM {schema}."LiteLLM_AccessGroupTable"`)}
	row := w.RowID(t, "team")
	if row == "" && len(team.Union) == 0 {
		return nil
	}
	if row != "" {
		team.Row = &litellm.Row{ID: row, Servers: w.Servers(t, "team")}
		team.Owned = w.owned[row]
	}
	if known, _ := w.grant(t); known == row {
		team.Revoked = pgtest.Scalar[[]string](t, w.Database,
			"SELECT coalesce((SELECT revoked FROM litellm_reconciler.grants WHERE revoked_at > now() - interval '1 hour'), '{}')")
	}
	return plan.Decide(w.config.Policy, team).After
}

func (w *wanderer) grant(t *testing.T) (row string, owned []string) {
	t.Helper()
	return pgtest.Scalar[string](t, w.Database, "SELECT coalesce((SELECT object_permission_id FROM litellm_reconciler.grants), '')"),
		pgtest.Scalar[[]string](t, w.Database, "SELECT coalesce((SELECT servers FROM litellm_reconciler.grants), '{}')")
}

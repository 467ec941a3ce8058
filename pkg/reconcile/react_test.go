package reconcile_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
	"litellm-reconciler/pkg/watch"
)

// reactor is a bundle with triggers, whose teams a pass has looked at.
type reactor struct {
	*bundle
	watch.Watch
	standing *reconcile.Standing
	now      time.Time
	fence    *lease.Fence
}

func (b *bundle) reactor(t *testing.T) *reactor {
	t.Helper()
	r := &reactor{bundle: b, standing: new(reconcile.Standing), now: time.Now(), Watch: watch.Watch{
		Pool: b.pool, Names: b.config.Names, LockTimeout: time.Second, StatementTimeout: 30 * time.Second, Patience: time.Second,
	}}
	if err := r.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.passAll(t); err != nil {
		t.Fatal(err)
	}
	r.survey(t)
	return r
}

func (r *reactor) reconciler() *reconcile.Reconciler {
	return reconcile.New(r.pool, r.migrator, r.config, slog.New(slog.DiscardHandler), func() time.Time { return r.now })
}

func (r *reactor) passAll(t *testing.T) (reconcile.Report, error) {
	t.Helper()
	return r.reconciler().Pass(t.Context(), reconcile.Options{Trigger: "test", Standing: r.standing})
}

func (r *reactor) survey(t *testing.T) {
	t.Helper()
	if err := r.reconciler().Survey(t.Context(), r.standing); err != nil {
		t.Fatal(err)
	}
}

// take takes off the queue what LiteLLM changed.
func (r *reactor) take(t *testing.T) []watch.Item {
	t.Helper()
	if _, err := r.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	items, err := r.Take(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func (r *reactor) react(t *testing.T, items []watch.Item) (reconcile.Reaction, error) {
	t.Helper()
	return r.reconciler().React(t.Context(), items, reconcile.Options{Trigger: "event", Standing: r.standing, Fence: r.fence})
}

// reacted reacts to all that is in the queue, and wants so many teams to be left there.
func (r *reactor) reacted(t *testing.T, left int) reconcile.Reaction {
	t.Helper()
	reaction, err := r.react(t, r.take(t))
	if err != nil {
		t.Fatal(err)
	}
	r.wantQueue(t, left)
	if len(reaction.Left) != left {
		t.Errorf("%d items left, want %d", len(reaction.Left), left)
	}
	return reaction
}

func (r *reactor) wantQueue(t *testing.T, teams int) {
	t.Helper()
	b, err := r.Backlog(t.Context())
	if err != nil || b.Teams != teams || b.Entries != 0 {
		t.Errorf("%+v in the queue and %v, want %d teams", b, err, teams)
	}
}

func (r *reactor) wantServers(t *testing.T, team string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, r.Servers(t, team)); diff != "" {
		t.Errorf("servers of team %s: %s", team, diff)
	}
}

// What an event repairs, a pass has nothing to add to.
func TestAReactionDoesWhatAPassWouldDo(t *testing.T) {
	t.Parallel()
	for _, policy := range []plan.Policy{plan.Managed, plan.Additive, plan.Exact} {
		for name, change := range map[string]func(*testing.T, *reactor){
			"a group gains a server":    func(t *testing.T, r *reactor) { r.SetGroup(t, "dev", "github", "jira") },
			"a group loses a server":    func(t *testing.T, r *reactor) { r.SetGroup(t, "dev") },
			"a group is deleted":        func(t *testing.T, r *reactor) { r.DeleteGroup(t, "dev") },
			"a group that teams named":  func(t *testing.T, r *reactor) { r.Group(t, "early", "slack") },
			"a team attaches a group":   func(t *testing.T, r *reactor) { r.SetTeamGroups(t, "plain", "dev") },
			"a team detaches a group":   func(t *testing.T, r *reactor) { r.SetTeamGroups(t, "created") },
			"a team is made":            func(t *testing.T, r *reactor) { r.Team(t, "new", "dev", "ops") },
			"a team is deleted":         func(t *testing.T, r *reactor) { r.DeleteTeam(t, "created") },
			"somebody empties our row":  func(t *testing.T, r *reactor) { r.SetServers(t, r.RowID(t, "created")) },
			"an administrator adds one": func(t *testing.T, r *reactor) { r.SetServers(t, "own", "direct", "github", "more") },
			"a row is unlinked": func(t *testing.T, r *reactor) {
				r.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET object_permission_id = NULL`)
			},
			"a team is given another's row": func(t *testing.T, r *reactor) { r.LinkTeam(t, "plain", "own") },
			"a team in need is given one":   func(t *testing.T, r *reactor) { r.LinkTeam(t, "created", "own") },
			"a row that is shared": func(t *testing.T, r *reactor) {
				r.Own(t, "LiteLLM_VerificationToken", "own")
				r.survey(t)
				r.SetGroup(t, "dev", "github", "jira")
			},
			"the sentinel comes": func(t *testing.T, r *reactor) { r.SetServers(t, "own", "all-proxy-mcpservers") },
			"all at once": func(t *testing.T, r *reactor) {
				r.SetGroup(t, "dev", "jira")
				r.SetGroup(t, "ops")
				r.DeleteTeam(t, "created")
				r.SetTeamGroups(t, "plain", "ops", "early", "dev")
			},
		} {
			t.Run(fmt.Sprint(policy, ": ", name), func(t *testing.T) {
				t.Parallel()
				b := setup(t, pgtest.V1_83_14)
				b.config.Policy = policy
				b.Group(t, "dev", "github")
				b.Group(t, "ops", "k8s")
				b.Team(t, "created", "dev")
				b.Team(t, "updated", "dev", "ops", "early")
				b.Row(t, "own", "direct")
				b.LinkTeam(t, "updated", "own")
				b.Team(t, "plain")
				r := b.reactor(t)
				change(t, r)

				r.reacted(t, 0)

				report, err := r.pass(t, reconcile.Options{DryRun: true})
				if err != nil || report.Found.Drifted.Len()+report.Found.Stale.Len() != 0 {
					t.Errorf("a pass still finds %+v, %v", report.Found, err)
				}
			})
		}
	}
}

// The transactions of one reaction take teams off the same list.
func TestManyTeamsAreTakenOffTheQueueAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.BatchSize, b.config.Concurrency = 5, 4
	b.many(t, 300)
	r := b.reactor(t)
	b.Exec(t, `UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = access_mcp_server_ids || '{added}'`)
	reaction := r.reacted(t, 0)
	if reaction.Done.Teams != 300 || len(reaction.Done.Waited) != 300 {
		t.Errorf("%d repaired, %d waited", reaction.Done.Teams, len(reaction.Done.Waited))
	}
	r.wantQueue(t, 0)
	b.wantConsistent(t)
}

func TestTeamsThatAreNotSelectedAreLeftAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.Selection = reconcile.Selection{ExcludeTeams: []string{"b"}}
	b.Group(t, "dev", "github")
	b.Team(t, "a", "dev")
	b.Team(t, "b", "dev")
	r := b.reactor(t)
	r.SetGroup(t, "dev", "jira")
	r.reacted(t, 0)
	r.wantServers(t, "a", "jira")
	if r.Servers(t, "b") != nil {
		t.Error("it was not")
	}
}

func TestATeamThatFailsWaitsAndTheOthersAreRepaired(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.many(t, 5)
	r := b.reactor(t)
	b.Exec(t, `CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'poisoned'; END $$`)
	b.Exec(t, `CREATE TRIGGER poison BEFORE UPDATE ON {schema}."LiteLLM_ObjectPermissionTable" FOR EACH ROW
		WHEN (OLD.object_permission_id = '`+b.RowID(t, "team-000003")+`') EXECUTE FUNCTION poison()`)
	r.SetGroup(t, "general", "jira")
	reaction := r.reacted(t, 1)
	if reaction.Done.Teams != 4 || len(reaction.Done.Failed) != 1 || reaction.Left[0].Team != "team-000003" {
		t.Errorf("%+v", reaction)
	}
	if err := r.Retry(t.Context(), reaction.Left); err != nil {
		t.Fatal(err)
	}
	if items := r.take(t); len(items) != 0 { // it waits
		t.Errorf("%+v", items)
	}
}

func TestATeamThatChangesWhileItIsRepairedIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.many(t, 2)
	r := b.reactor(t)
	r.SetGroup(t, "general", "jira")
	items := r.take(t)
	r.SetTeamGroups(t, "team-000001")
	if _, err := r.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.react(t, items); err != nil {
		t.Fatal(err)
	}
	r.wantQueue(t, 1)
	r.reacted(t, 0)
}

func TestAFormerLeaderTakesNothingOffTheQueue(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.many(t, 3)
	b.Team(t, "right already", "general")
	r := b.reactor(t)
	b.Exec(t, `INSERT INTO litellm_reconciler.lease VALUES ('daemon', 'me', 2, now(), now() + interval '1 minute')`)
	r.fence = &lease.Fence{Holder: "me", Term: 1}
	for name, change := range map[string]func(){
		"drifted":       func() { r.SetGroup(t, "general", "jira") },
		"right already": func() { r.SetTeamGroups(t, "right already", "general", "general") },
	} {
		change()
		before := b.Fingerprint(t)
		_, err := r.react(t, r.take(t))
		if !errors.Is(err, lease.ErrLost) || b.Fingerprint(t) != before {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.wantQueue(t, 4)
}

func TestNothingIsRepairedBeforeAPassHasLookedAround(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.many(t, 3)
	r := b.reactor(t)
	r.standing = new(reconcile.Standing)
	r.SetGroup(t, "general", "jira")
	items := r.take(t)
	if _, err := r.react(t, items); err == nil || r.standing.Known(r.now) {
		t.Error("repaired, knowing nothing")
	}
	r.survey(t)
	if _, err := r.react(t, items); err == nil || r.standing.Known(r.now) {
		t.Error("repaired, not knowing who owns what")
	}
	r.wantQueue(t, 3)
}

// The limits were checked without it. What holds the reaction up between the two is somebody who locks the lease.
func TestALossBehindTheScanIsLeftToTheNextTry(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.LockTimeout = 10 * time.Second
	b.many(t, 1)
	r := b.reactor(t)
	b.Exec(t, `INSERT INTO litellm_reconciler.lease VALUES ('daemon', 'me', 1, now(), now() + interval '1 minute')`)
	r.fence = &lease.Fence{Holder: "me", Term: 1}
	r.SetGroup(t, "general", "github", "jira")
	items := r.take(t)
	tx := b.hold(t, `SELECT FROM litellm_reconciler.lease FOR UPDATE`)
	done := make(chan reconcile.Reaction)
	go func() {
		reaction, _ := r.react(t, items)
		done <- reaction
	}()
	for pgtest.Scalar[int](t, b.Database, `SELECT count(*) FROM pg_locks WHERE NOT granted`) == 0 {
		time.Sleep(time.Millisecond)
	}
	r.SetGroup(t, "general", "jira")
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reaction := <-done; reaction.Done.Skipped[reconcile.Moved] != 1 || len(reaction.Left) != 1 {
		t.Errorf("%+v", reaction)
	}
	r.wantServers(t, "team-000001", "github")
	r.reacted(t, 0)
	r.wantServers(t, "team-000001", "jira")
}

func TestATeamWithTheSentinelIsCountedAndTakenOffTheQueue(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "all-proxy-mcpservers")
	r := b.reactor(t)
	r.SetGroup(t, "general", "jira")
	if reaction := r.reacted(t, 0); reaction.Done.Skipped[reconcile.Sentinel] != 1 {
		t.Errorf("%+v", reaction.Done)
	}
}

func TestATeamThatAnotherSessionHoldsStaysInTheQueue(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.many(t, 3)
	r := b.reactor(t)
	r.SetGroup(t, "general", "jira")
	tx := b.hold(t, `SELECT FROM "LiteLLM_TeamTable" WHERE team_id = 'team-000002' FOR UPDATE`)
	if reaction := r.reacted(t, 1); reaction.Done.Skipped[reconcile.Busy] != 1 || reaction.Left[0].Team != "team-000002" {
		t.Errorf("%+v", reaction)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.reacted(t, 0)
	r.wantServers(t, "team-000002", "jira")
}

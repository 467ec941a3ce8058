package watch_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/watch"
)

// waiting is a database in which these teams are pending, the first one for longest.
func waiting(t *testing.T, teams ...string) *bundle {
	t.Helper()
	b := watched(t, pgtest.Newest)
	b.Group(t, "dev", "github")
	for _, team := range teams {
		b.Team(t, team, "dev")
		b.collectAll(t)
	}
	return b
}

func (b *bundle) touch(t *testing.T, team string) {
	t.Helper()
	b.SetTeamGroups(t, team, "dev", rand.Text())
	b.collectAll(t)
}

func (b *bundle) take(t *testing.T, limit int, want ...string) []watch.Item {
	t.Helper()
	items, err := b.Take(t.Context(), limit)
	if err != nil {
		t.Fatal(err)
	}
	var teams []string
	for _, i := range items {
		teams = append(teams, i.Team)
	}
	same(t, "taken", teams, want)
	return items
}

func done(t *testing.T, w watch.Watch, items []watch.Item) error {
	t.Helper()
	return pgx.BeginFunc(t.Context(), w.Pool, func(tx pgx.Tx) error {
		var q pgx.Batch
		watch.QueueDone(&q, w.Names, items, func(time.Duration) {})
		return tx.SendBatch(t.Context(), &q).Close()
	})
}

func (b *bundle) done(t *testing.T, items []watch.Item) {
	t.Helper()
	if err := done(t, b.Watch, items); err != nil {
		t.Fatal(err)
	}
}

func TestTeamsAreTakenInTheOrderOfTheirChanges(t *testing.T) {
	t.Parallel()
	b := waiting(t, "b", "c", "a")
	b.touch(t, "b") // keeps its place
	b.take(t, 2, "b", "c")
	b.take(t, 10, "b", "c", "a")
}

// By when they were made, that is, and not by when they were collected.
func TestAnOldChangeThatIsCollectedLateComesFirst(t *testing.T) {
	t.Parallel()
	b := waiting(t, "a", "b")
	b.finish(t)
	b.touch(t, "a")
	b.SetTeamGroups(t, "b", "dev", "late")
	b.Exec(t, `UPDATE litellm_reconciler.inbox SET changed_at = now() - interval '1 minute'`)
	b.collect(t, "a", "b")
	b.take(t, 1, "b")
}

func TestATeamStaysUntilItIsDone(t *testing.T) {
	t.Parallel()
	b := waiting(t, "a", "b")
	b.take(t, 10, "a", "b") // and whoever took them crashed
	items := b.take(t, 10, "a", "b")
	tx := begin(t, b.ours(t))
	var q pgx.Batch
	watch.QueueDone(&q, b.Names, items, func(time.Duration) {})
	if err := tx.SendBatch(t.Context(), &q).Close(); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(t.Context()); err != nil { // the repair failed
		t.Fatal(err)
	}
	items = b.take(t, 10, "a", "b")
	b.done(t, items[:1])
	b.take(t, 10, "b")
	b.done(t, nil)
	b.take(t, 10, "b")
}

func TestATeamThatChangesWhileItIsRepairedStays(t *testing.T) {
	t.Parallel()
	b := waiting(t, "a", "b")
	items := b.take(t, 10, "a", "b")
	b.touch(t, "a")
	b.done(t, items)
	b.take(t, 10, "a")
}

// One that was paused comes back to a queue in which the same team waits for another reason.
func TestALateRepairDoesNotTakeOffWhatItDidNotSee(t *testing.T) {
	t.Parallel()
	b := waiting(t, "a")
	late := b.take(t, 10, "a")
	b.done(t, b.take(t, 10, "a"))
	b.touch(t, "a")
	b.done(t, late)
	b.take(t, 10, "a")
	if err := b.Retry(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	b.take(t, 10, "a") // nor does its failure hold up the new change
}

func TestAFailedTeamWaitsLongerEachTimeAndHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	b := waiting(t, "a", "b", "c")
	wait := func() float64 {
		return pgtest.Scalar[float64](t, b.Database, `SELECT extract(epoch FROM due_at - now())::float8 FROM litellm_reconciler.pending WHERE team_id = 'a'`)
	}
	for attempt, longest := range []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		items := b.take(t, 1, "a")
		if err := b.Retry(t.Context(), items); err != nil {
			t.Fatal(err)
		}
		if got := wait(); got > longest || got < longest/2-0.5 {
			t.Errorf("after %d attempts it waits %v seconds, want %v to %v", attempt+1, got, longest/2, longest)
		}
		if attempt > 1 { // the first may be over by now
			b.take(t, 10, "b", "c")
		}
		b.Exec(t, `UPDATE litellm_reconciler.pending SET due_at = '2000-01-01' WHERE team_id = 'a'`)
	}
	items := b.take(t, 1, "a")
	b.Exec(t, `UPDATE litellm_reconciler.pending SET attempts = 2000000000 WHERE team_id = 'a'`)
	if err := b.Retry(t.Context(), items); err != nil {
		t.Error(err)
	}
}

func TestTeamsThatFailedTogetherComeBackApart(t *testing.T) {
	t.Parallel()
	b := waiting(t, "a", "b", "c")
	if err := b.Retry(t.Context(), b.take(t, 10, "a", "b", "c")); err != nil {
		t.Fatal(err)
	}
	if n := pgtest.Scalar[int](t, b.Database, `SELECT count(DISTINCT due_at) FROM litellm_reconciler.pending`); n != 3 {
		t.Errorf("%d different times", n)
	}
}

func TestAFailedTeamThatChangesIsDueAtOnceAndKeepsItsAttempts(t *testing.T) {
	t.Parallel()
	b := waiting(t, "a")
	for range 5 {
		b.Exec(t, `UPDATE litellm_reconciler.pending SET due_at = now()`)
		if err := b.Retry(t.Context(), b.take(t, 1, "a")); err != nil {
			t.Fatal(err)
		}
	}
	b.take(t, 1)
	b.touch(t, "a")
	b.take(t, 1, "a")
	same(t, "attempts", pgtest.Scalar[int](t, b.Database, `SELECT attempts FROM litellm_reconciler.pending`), 5)
}

func TestTheBacklogTellsWhatWaits(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	backlog := func() watch.Backlog {
		t.Helper()
		got, err := b.Backlog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	same(t, "of nothing", backlog(), watch.Backlog{})
	b.Group(t, "dev", "github")
	b.Team(t, "a", "dev")
	b.Team(t, "b", "dev")
	b.Exec(t, `UPDATE litellm_reconciler.inbox SET changed_at = now() - interval '1 hour' WHERE key = 'a'`)
	wantAge := func(got watch.Backlog) {
		t.Helper()
		if got.Oldest < time.Hour || got.Oldest > time.Hour+time.Minute {
			t.Errorf("the oldest is %v old, want an hour", got.Oldest)
		}
	}
	got := backlog()
	wantAge(got)
	got.Oldest = 0
	same(t, "in the inbox", got, watch.Backlog{Entries: 3})
	b.collect(t, "a", "b")
	b.touch(t, "a")
	if err := b.Retry(t.Context(), b.take(t, 1, "a")); err != nil {
		t.Fatal(err)
	}
	got = backlog()
	wantAge(got)
	got.Oldest = 0
	same(t, "collected", got, watch.Backlog{Teams: 2, Due: 1})
	b.SetTeamGroups(t, "b", "dev", "new") // what is new in the inbox is younger
	wantAge(backlog())
}

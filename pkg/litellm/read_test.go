package litellm_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

// Where a server moves from one group of a team to another one, no state in
// between lacks it, also not for a team that was read before the others were.
func TestAServerThatMovesBetweenGroupsIsNotLostBetweenTwoReadsOfABatch(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest)
	names := postgres.Names{LiteLLM: d.Schema}
	d.Group(t, "old", "github")
	d.Team(t, "first", "old")
	d.Row(t, "row", "github")
	d.LinkTeam(t, "first", "row")
	d.Team(t, "second", "old")
	batch := litellm.NewBatch(litellm.NewLists())
	read := func(team string) {
		t.Helper()
		var q pgx.Batch
		batch.QueueRead(&q, names, []string{team})
		if err := d.Pool.SendBatch(t.Context(), &q).Close(); err != nil {
			t.Fatal(err)
		}
	}
	read("first")
	d.Group(t, "new", "github")
	d.SetTeamGroups(t, "first", "old", "new")
	d.SetGroup(t, "old")
	read("second")

	var granted []string
	for _, group := range batch.Teams["first"].Groups {
		granted = slices.Concat(granted, batch.Grants[group])
	}
	if diff := cmp.Diff([]string{"github"}, granted); diff != "" {
		t.Error(diff)
	}
}

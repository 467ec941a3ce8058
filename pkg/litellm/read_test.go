package litellm_test

import (
	"fmt"
	"slices"
	"sync"
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

func TestTransactionsReadTheListsOfGroupsAtTheSameTime(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest)
	names := postgres.Names{LiteLLM: d.Schema}
	d.Exec(t, `INSERT INTO {schema}."LiteLLM_AccessGroupTable" (access_group_id, access_group_name, access_mcp_server_ids)
		SELECT 'group-' || i, 'group-' || i, '{jira,"",github,jira}' FROM generate_series(0, 99) AS i`)
	d.Exec(t, `INSERT INTO {schema}."LiteLLM_TeamTable" (team_id, access_group_ids) SELECT 'team-' || i, ARRAY['group-' || i] FROM generate_series(0, 99) AS i`)
	lists := litellm.NewLists()
	var group sync.WaitGroup
	for first := range 4 {
		group.Go(func() {
			for i := first; i < 100; i += 4 {
				team, of := fmt.Sprint("team-", i), fmt.Sprint("group-", i)
				batch := litellm.NewBatch(lists)
				var q pgx.Batch
				batch.QueueReadRowless(&q, names, []string{team})
				if err := d.Pool.SendBatch(t.Context(), &q).Close(); err != nil {
					t.Error(err)
				}
				if others := batch.Others([]string{team}); len(others) != 0 || !slices.Equal(batch.Grants[of], []string{"github", "jira"}) {
					t.Errorf("%s grants %q, and %q are not without a row", of, batch.Grants[of], others)
				}
			}
		})
	}
	group.Wait()
}

//go:build faults

package faults_test

import (
	"slices"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// Two administrators are late, one with a team that had no row when it was read,
// one with the row that the daemon made meanwhile. LiteLLM writes back what it
// read and links the team to it, so that the team is back at the first row of
// the daemon's. What the daemon granted there it still has to take out.
func TestWhatWasGrantedInARowThatATeamComesBackToIsTakenOut(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_88)
	db.Group(t, "dev", "github", "jira")
	db.Team(t, "a", "dev") // read by the first administrator: no row
	once(t, of(db))
	made := db.RowID(t, "a") // read by the second one: github and jira
	db.Row(t, "of the first", "direct-1")
	db.LinkTeam(t, "a", "of the first")
	once(t, of(db))
	db.SetServers(t, made, "github", "jira", "direct-2")
	db.LinkTeam(t, "a", made)
	once(t, of(db))

	db.SetGroup(t, "dev", "github")
	once(t, of(db))

	if got := db.Servers(t, "a"); !slices.Equal(got, []string{"github", "direct-2"}) {
		t.Errorf("no group grants jira any more, and the team has %q", got)
	}
}

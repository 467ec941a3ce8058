package reconcile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/reconcile"
)

// An entry that was there before us is the administrator's, even if a group
// grants it too: detaching the group does not take it away.
func TestAnEntryThatWasThereBeforeStays(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github", "jira")
	b.Team(t, "team", "general")
	b.Row(t, "row", "github")
	b.LinkTeam(t, "team", "row")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	b.repair(t)
	if diff := cmp.Diff([]string{"github"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

// What an administrator took out himself is forgotten: given back by hand
// later, it is his.
func TestARevokedEntryThatIsGoneAlreadyIsForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	b.SetServers(t, b.RowID(t, "team"))
	b.repair(t)
	b.aMinuteLater(t)
	b.repair(t)
	b.SetServers(t, b.RowID(t, "team"), "github")
	b.repair(t)
	if diff := cmp.Diff([]string{"github"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

func TestATeamThatLiteLLMDeletedIsForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.Team(t, "other", "general")
	b.repair(t)
	b.DeleteTeam(t, "team")
	report := b.repair(t)
	if got := report.Done.Skipped[reconcile.Gone]; got != 1 {
		t.Errorf("gone: %d, want 1", got)
	}
	if n := pgtest.Scalar[int](t, b.Database, "SELECT count(*)::int FROM litellm_reconciler.grants"); n != 1 {
		t.Errorf("the ledger has %d teams, want 1", n)
	}
}

// LiteLLM reads a row, merges and writes it whole, without a lock
// (handle_update_object_permission_common): it can bring back what was revoked.
func TestARevokedEntryThatLiteLLMWritesBackIsTakenOutOnceMore(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "own")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	want := func(step string, servers ...string) {
		t.Helper()
		b.repair(t)
		if diff := cmp.Diff(servers, b.Servers(t, "team")); diff != "" {
			t.Fatalf("%s: %s", step, diff)
		}
	}
	want("detached", "own")
	b.SetServers(t, "row", "own", "github")
	want("written back at once", "own")
	b.SetServers(t, "row", "own", "github")
	want("written back at once, again", "own")
	b.aMinuteLater(t)
	b.SetServers(t, "row", "own", "github")
	want("written back, but seen only later", "own")
	b.SetServers(t, "row", "own", "github")
	want("given once more", "own", "github")

	b.SetServers(t, "row", "own")
	b.SetTeamGroups(t, "team", "general")
	want("attached", "own", "github")
	b.SetTeamGroups(t, "team")
	want("detached", "own")
	b.aMinuteLater(t)
	want("seen without it a minute later", "own")
	b.SetServers(t, "row", "own", "github")
	want("given by hand", "own", "github")
}

// What we own is owned in a row; a row that somebody else made for the team is
// theirs.
func TestNothingIsOwnedInARowThatTheTeamGotFromElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.repair(t)
	b.Row(t, "theirs", "github")
	b.LinkTeam(t, "team", "theirs")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	b.repair(t)
	if diff := cmp.Diff([]string{"github"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

// A row that holds more than the groups grant is read in full once, not always.
func TestARowInSyncIsRememberedAsSuch(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "own")
	b.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_servers = '{own,NULL,github}'`)
	before := b.Fingerprint(t)
	for i, want := range []int{1, 0, 0} {
		r := b.repair(t)
		if r.Found.Examined != want || r.Done.Settled != want {
			t.Errorf("pass %d examined %d and settled %d, want %d", i, r.Found.Examined, r.Done.Settled, want)
		}
	}
	if b.Fingerprint(t) != before {
		t.Error("LiteLLM's tables were written")
	}
}

// What came back in between and is granted again is ours again.
func TestARevokedEntryThatCameBackAndIsGrantedAgainIsOwned(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "own")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	b.repair(t)
	b.SetServers(t, "row", "own", "github")
	b.SetTeamGroups(t, "team", "general")
	b.repair(t)
	b.SetTeamGroups(t, "team")
	b.repair(t)
	if diff := cmp.Diff([]string{"own"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

// aMinuteLater makes what was revoked so far old.
func (b *bundle) aMinuteLater(t *testing.T) {
	t.Helper()
	b.Exec(t, "UPDATE litellm_reconciler.grants SET revoked_at = revoked_at - interval '2 minutes'")
}

package watch_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
)

// finish takes all teams off the queue.
func (b *bundle) finish(t *testing.T) {
	t.Helper()
	b.Exec(t, `DELETE FROM litellm_reconciler.pending`)
}

// owned has the ledger own something in a row, as after a repair.
func (b *bundle) owned(t *testing.T, team, row string) {
	t.Helper()
	b.Exec(t, `INSERT INTO litellm_reconciler.grants
		(team_id, object_permission_id, servers, row_created, policy, union_hash, row_hash, run_id, updated_at)
		VALUES ($1, $2, '{}', true, 'managed', 0, 0, gen_random_uuid(), now())`, team, row)
}

func TestAChangeConcernsTheTeamsThatItCanChangeSomethingFor(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	conn := b.session(t)
	for name, test := range map[string]struct {
		statements []string
		want       []string
	}{
		"nothing":                             {nil, nil},
		"a group":                             {[]string{`UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{jira}' WHERE access_group_id = 'dev'`}, []string{"both", "dev"}},
		"a group that nobody has":             {[]string{`UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{jira}' WHERE access_group_id = 'alone'`}, nil},
		"a group is deleted":                  {[]string{`DELETE FROM "LiteLLM_AccessGroupTable" WHERE access_group_id = 'ops'`}, []string{"both", "ops"}},
		"a group that teams named before":     {[]string{`INSERT INTO "LiteLLM_AccessGroupTable" (access_group_id, access_group_name) VALUES ('not yet', 'x')`}, []string{"early"}},
		"two groups of one team":              {[]string{`UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{jira}'`}, []string{"both", "dev", "ops"}},
		"a row":                               {[]string{`UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = '{jira}' WHERE object_permission_id = 'row of dev'`}, []string{"dev"}},
		"a row that we linked":                {[]string{`UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = '{jira}' WHERE object_permission_id = 'row of ours'`}, []string{"ops"}},
		"a row of a key":                      {[]string{`UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = '{jira}' WHERE object_permission_id = 'row of a key'`}, nil},
		"a row is deleted":                    {[]string{`DELETE FROM "LiteLLM_ObjectPermissionTable" WHERE object_permission_id = 'row of dev'`}, []string{"dev"}},
		"a team":                              {[]string{`UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{ops}' WHERE team_id = 'dev'`}, []string{"dev"}},
		"a team without groups":               {[]string{`INSERT INTO "LiteLLM_TeamTable" (team_id) VALUES ('new')`}, nil},
		"a team gets groups":                  {[]string{`UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{dev}' WHERE team_id = 'plain'`}, []string{"plain"}},
		"a team that owns nothing is deleted": {[]string{`DELETE FROM "LiteLLM_TeamTable" WHERE team_id = 'dev'`}, nil},
		"a team that owns is deleted":         {[]string{`DELETE FROM "LiteLLM_TeamTable" WHERE team_id = 'ops'`}, []string{"ops"}},
		"a team that owns loses its groups":   {[]string{`UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{}' WHERE team_id = 'ops'`}, []string{"ops"}},
		"a team, then its new group": {[]string{`UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{alone}' WHERE team_id = 'dev'`,
			`UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{jira}' WHERE access_group_id = 'alone'`}, []string{"dev"}},
		"a team, then its old group": {[]string{`UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{alone}' WHERE team_id = 'dev'`, "collect",
			`UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{jira}' WHERE access_group_id = 'dev'`}, []string{"both"}},
		"a new team, then its group": {[]string{`INSERT INTO "LiteLLM_TeamTable" (team_id, access_group_ids) VALUES ('new', '{alone}')`, "collect",
			`UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{jira}' WHERE access_group_id = 'alone'`}, []string{"new"}},
		"another row of a team, then that": {[]string{`UPDATE "LiteLLM_TeamTable" SET object_permission_id = 'row of a key' WHERE team_id = 'dev'`, "collect",
			`UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = '{jira}' WHERE object_permission_id IN ('row of a key', 'row of dev')`}, []string{"dev"}},
		"a team without groups, then its old group": {[]string{`UPDATE "LiteLLM_TeamTable" SET access_group_ids = NULL WHERE team_id = 'dev'`, "collect",
			`UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{jira}' WHERE access_group_id = 'dev'`}, []string{"both"}},
	} {
		t.Run(name, func(t *testing.T) {
			b.company(t)
			for _, s := range test.statements {
				if s == "collect" {
					b.collectAll(t)
					b.finish(t)
					continue
				}
				do(t, conn, s)
			}
			b.collect(t, test.want...)
			b.wantInbox(t)
		})
	}
}

// company makes teams and groups anew. Nothing of that waits in the queue.
func (b *bundle) company(t *testing.T) {
	t.Helper()
	b.Exec(t, `TRUNCATE {schema}."LiteLLM_TeamTable", {schema}."LiteLLM_AccessGroupTable", {schema}."LiteLLM_ObjectPermissionTable",
		litellm_reconciler.grants, litellm_reconciler.inbox CASCADE`)
	for _, group := range []string{"dev", "ops", "alone"} {
		b.Group(t, group, "github")
	}
	b.Team(t, "dev", "dev")
	b.Team(t, "ops", "ops")
	b.Team(t, "both", "dev", "ops", "dev", "")
	b.Team(t, "early", "not yet")
	b.Team(t, "plain")
	for _, row := range []string{"row of dev", "row of a key", "row of ours"} {
		b.Row(t, row)
	}
	b.LinkTeam(t, "dev", "row of dev")
	b.owned(t, "ops", "row of ours")
	b.collectAll(t)
	b.finish(t)
	if err := b.Refresh(t.Context()); err != nil { // a test before may have left teams
		t.Fatal(err)
	}
}

func TestCollectingTakesAllThereIs(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	b.Group(t, "dev", "github")
	b.inbox(t)
	const teams = 2500
	b.Exec(t, `INSERT INTO {schema}."LiteLLM_TeamTable" (team_id, access_group_ids) SELECT 'team ' || i, '{dev}' FROM generate_series(1, $1) AS i`, teams)
	if n, err := b.Collect(t.Context()); err != nil || n != teams {
		t.Errorf("collected %d entries, error %v, want %d", n, err, teams)
	}
	backlog, err := b.Backlog(t.Context())
	if err != nil || backlog.Entries != 0 || backlog.Teams != teams || backlog.Due != teams {
		t.Errorf("got %+v, %v", backlog, err)
	}
	if n, err := b.Collect(t.Context()); err != nil || n != 0 {
		t.Errorf("collected %d entries of nothing, error %v", n, err)
	}
}

// The entry of an earlier change stands for a later one as well, and so has to wait for that one's commit.
func TestAnEntryIsNotTakenBeforeEveryChangeItStandsForIsCommitted(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	for _, group := range []string{"dev", "ops"} {
		b.Group(t, group, "github")
	}
	b.Team(t, "team")
	b.Team(t, "other", "dev")
	second := begin(t, b.session(t), `UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{ops}' WHERE team_id = 'team'`)
	b.collect(t, "other")
	commit(t, second)
	b.collect(t, "other", "team")
	b.finish(t)
	b.SetGroup(t, "ops", "jira")
	b.collect(t, "team")
}

// A change that comes while its entry is being taken puts down another one.
func TestAChangeBehindACollectIsNotLost(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	b.Group(t, "dev", "github")
	b.Team(t, "team")
	taking := begin(t, b.ours(t), `DELETE FROM litellm_reconciler.inbox`)
	do(t, b.session(t), `UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{dev}'`)
	commit(t, taking)
	b.collect(t, "team")
}

func TestACollectThatFailsTakesNothing(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	b.Group(t, "dev", "github")
	b.Team(t, "team", "dev")
	b.Exec(t, `ALTER TABLE litellm_reconciler.pending ADD CONSTRAINT none CHECK (team_id IS NULL)`)
	if _, err := b.Collect(t.Context()); err == nil {
		t.Fatal("it did not fail")
	}
	b.Exec(t, `ALTER TABLE litellm_reconciler.pending DROP CONSTRAINT none`)
	b.collect(t, "team")
}

func TestRefreshingCorrectsWhatIsKnownOfTheTeams(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	b.Row(t, "row")
	for i := range 5 {
		b.Team(t, fmt.Sprint("team ", i), "dev")
	}
	b.collectAll(t)
	known := func() string {
		return pgtest.Scalar[string](t, b.Database, `SELECT string_agg(concat_ws(' ', team_id, object_permission_id, groups::text), ', ' ORDER BY team_id) FROM litellm_reconciler.teams`)
	}
	b.Exec(t, `ALTER TABLE {schema}."LiteLLM_TeamTable" DISABLE TRIGGER litellm_reconciler`)
	b.DeleteTeam(t, "team 0")
	b.SetTeamGroups(t, "team 1", "ops", "dev")
	b.SetTeamGroups(t, "team 2")
	b.LinkTeam(t, "team 3", "row")
	b.Team(t, "team 5", "ops")
	same(t, "before", known(), "team 0 {dev}, team 1 {dev}, team 2 {dev}, team 3 {dev}, team 4 {dev}")
	before := pgtest.Scalar[string](t, b.Database, `SELECT ctid::text FROM litellm_reconciler.teams WHERE team_id = 'team 4'`)
	for range 2 {
		if err := b.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "after", known(), "team 1 {ops,dev}, team 3 row {dev}, team 4 {dev}, team 5 {ops}")
	}
	same(t, "a team that did not change", pgtest.Scalar[string](t, b.Database, `SELECT ctid::text FROM litellm_reconciler.teams WHERE team_id = 'team 4'`), before)
}

// Read before a change and written after a collect of it, it would be older than what is known.
func TestRefreshingAndCollectingWaitForEachOther(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	b.Team(t, "team", "dev")
	begin(t, b.ours(t), `SELECT pg_advisory_xact_lock(hashtext('litellm_reconciler'), hashtext('litellm_reconciler'))`)
	b.LockTimeout = 1
	if _, err := b.Collect(t.Context()); err == nil {
		t.Error("collecting did not wait")
	}
	if err := b.Refresh(t.Context()); err == nil {
		t.Error("refreshing did not wait")
	}
}

// More teams than are read again in one transaction, on both sides.
func TestRefreshingGoesThroughAllTeams(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	b.Exec(t, `INSERT INTO litellm_reconciler.teams (team_id, groups) SELECT 'gone' || i, '{dev}' FROM generate_series(1, 4321) AS i`)
	b.Exec(t, `SET session_replication_role = replica; INSERT INTO {schema}."LiteLLM_TeamTable" (team_id, access_group_ids)
		SELECT 'there' || i, '{dev}' FROM generate_series(1, 4321) AS i; RESET session_replication_role`)
	if err := b.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, "teams", pgtest.Scalar[int](t, b.Database, `SELECT count(*) FROM litellm_reconciler.teams JOIN {schema}."LiteLLM_TeamTable" USING (team_id)`), 4321)
	same(t, "all", pgtest.Scalar[int](t, b.Database, `SELECT count(*) FROM litellm_reconciler.teams`), 4321)
}

// It takes the same lock, and gives way only to who waits for longer than our lock_timeout.
func TestCollectingGoesOnBesideAVacuum(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	b.Group(t, "dev", "github")
	b.Team(t, "team", "dev")
	begin(t, b.ours(t), `LOCK TABLE litellm_reconciler.teams, litellm_reconciler.inbox, litellm_reconciler.pending IN SHARE UPDATE EXCLUSIVE MODE`)
	b.LockTimeout = 100 * time.Millisecond
	b.collect(t, "team")
	if err := b.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
}

// noise is a text that does not get shorter by compression.
func noise(n int) string {
	var s strings.Builder
	for s.Len() < n {
		s.WriteString(rand.Text())
	}
	return s.String()[:n]
}

// LiteLLM takes any text, an index does not.
func TestIdsThatAreTooLongForAnIndexHoldNoOtherTeamUp(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.Newest)
	b.Group(t, "dev", "github")
	b.Team(t, "names what cannot be", noise(9000), "dev")
	b.Team(t, "team", "dev")
	b.collect(t, "names what cannot be", "team")
	if err := b.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	b.finish(t)
	for i := range 40 { // up to what the index of LiteLLM's own primary key takes
		b.Exec(t, `DO $$ BEGIN INSERT INTO {schema}."LiteLLM_TeamTable" (team_id, access_group_ids) VALUES ('`+noise(2670+i)+`', '{dev}');
			EXCEPTION WHEN program_limit_exceeded THEN NULL; END $$`)
	}
	b.collectAll(t)
	if err := b.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	b.SetGroup(t, "dev", "jira")
	b.collectAll(t)
	same(t, "teams that are pending", pgtest.Scalar[int](t, b.Database, `SELECT count(*) FROM litellm_reconciler.pending`),
		pgtest.Scalar[int](t, b.Database, `SELECT count(*) FROM {schema}."LiteLLM_TeamTable"`))
}

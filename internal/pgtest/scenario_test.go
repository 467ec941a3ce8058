package pgtest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
)

func TestBuildersWorkOnEveryVersion(t *testing.T) {
	t.Parallel()
	for _, version := range pgtest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			d := pgtest.New(t, version, pgtest.InSchema(otherSchema))
			d.Server(t, "s1", "search")
			d.Group(t, "g1", "s1", "s2")
			d.SetGroup(t, "g1", "s3")
			d.Group(t, "g2")
			d.DeleteGroup(t, "g2")
			d.Team(t, "t1", "g1")
			d.SetTeamGroups(t, "t1", "g1", "g2")
			d.Team(t, "t2")
			d.DeleteTeam(t, "t2")
			d.Key(t, "k1", "t1")
			d.Key(t, "k2", "")

			if servers, row := d.Servers(t, "t1"), d.RowID(t, "t1"); servers != nil || row != "" {
				t.Errorf("a new team has servers %q and row %q", servers, row)
			}
			d.Row(t, "r1", "b", "a")
			d.LinkTeam(t, "t1", "r1")
			if diff := cmp.Diff([]string{"b", "a"}, d.Servers(t, "t1")); diff != "" {
				t.Error(diff)
			}
			d.SetServers(t, "r1")
			if servers := d.Servers(t, "t1"); servers == nil || len(servers) != 0 {
				t.Errorf("the servers of an empty row are %#v", servers)
			}
			d.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_servers = NULL`)
			if servers := d.Servers(t, "t1"); servers == nil || len(servers) != 0 {
				t.Errorf("the servers of a row with NULL are %#v", servers)
			}
			for _, table := range pgtest.OwnerTables(version) {
				d.Own(t, table, "r1")
				want := 1
				if table == "LiteLLM_TeamTable" {
					want = 2
				}
				if n := pgtest.Scalar[int](t, d, `SELECT count(*) FROM {schema}."`+table+`" WHERE object_permission_id = 'r1'`); n != want {
					t.Errorf("%d owners in %s, want %d", n, table, want)
				}
			}
			d.LinkTeam(t, "t1", "")
			if row := d.RowID(t, "t1"); row != "" {
				t.Errorf("an unlinked team has row %q", row)
			}
		})
	}
}

func TestFingerprintTellsAnyWriteAndNothingElse(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest, pgtest.InSchema(otherSchema))
	d.Team(t, "t1", "g1")
	before := d.Fingerprint(t)
	d.Exec(t, `SELECT * FROM {schema}."LiteLLM_TeamTable"`)
	d.Exec(t, `CREATE TABLE ledger AS SELECT 1 AS entry`)
	if d.Fingerprint(t) != before {
		t.Error("reading LiteLLM's tables or writing to others changed the fingerprint")
	}
	d.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET access_group_ids = access_group_ids`)
	if d.Fingerprint(t) == before {
		t.Error("writing the same values again left the fingerprint as it was")
	}
}

func TestPopulateMakesWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.V1_83_14, pgtest.InSchema(otherSchema))
	options := pgtest.PopulateOptions{Teams: 1000, Groups: 40, Servers: 60, ServersPerGroup: 5, GroupsPerTeam: 3, Missing: 100, Stale: 20}
	if err := pgtest.Populate(t.Context(), d.Pool, d.Schema, options); err != nil {
		t.Fatal(err)
	}
	type counts struct{ Teams, Missing, InSync, Stale, Dangling, Unequal, Mirrored int }
	got := pgtest.Scalar[counts](t, d, `
		WITH unions AS (
			SELECT team_id, array_agg(DISTINCT server COLLATE "C") AS servers, count(DISTINCT access_group_id) AS groups,
				bool_and(team_id = ANY (assigned_team_ids)) AS mirrored, bool_and(cardinality(access_mcp_server_ids) = 5) AS full_groups
			FROM {schema}."LiteLLM_TeamTable" JOIN {schema}."LiteLLM_AccessGroupTable" ON access_group_id = ANY (access_group_ids),
				unnest(access_mcp_server_ids) AS server
			GROUP BY team_id
		)
		SELECT ROW(
			count(*),
			count(*) FILTER (WHERE object_permission_id IS NULL),
			count(*) FILTER (WHERE mcp_servers = servers),
			count(*) FILTER (WHERE mcp_servers = servers[:cardinality(servers) - 1]),
			(SELECT count(*) FROM {schema}."LiteLLM_ObjectPermissionTable") - count(object_permission_id),
			count(*) FILTER (WHERE groups <> 3 OR NOT full_groups),
			count(*) FILTER (WHERE mirrored))
		FROM unions JOIN {schema}."LiteLLM_TeamTable" USING (team_id)
		LEFT JOIN {schema}."LiteLLM_ObjectPermissionTable" USING (object_permission_id)`)
	want := counts{Teams: 1000, Missing: 100, InSync: 880, Stale: 20, Mirrored: 1000}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPopulateIsDeterministic(t *testing.T) {
	t.Parallel()
	content := func() string {
		d := pgtest.New(t, pgtest.Newest)
		options := pgtest.PopulateOptions{Teams: 50, Groups: 7, Servers: 9, ServersPerGroup: 4, GroupsPerTeam: 2}
		if err := pgtest.Populate(t.Context(), d.Pool, d.Schema, options); err != nil {
			t.Fatal(err)
		}
		return strings.Join(pgtest.Scalar[[]string](t, d, `SELECT array_agg(team_id || object_permission_id || access_group_ids::text || mcp_servers::text
			|| members_with_roles || metadata ORDER BY team_id)
			FROM {schema}."LiteLLM_TeamTable" JOIN {schema}."LiteLLM_ObjectPermissionTable" USING (object_permission_id)`), "\n")
	}
	if diff := cmp.Diff(content(), content()); diff != "" {
		t.Error(diff)
	}
}

func TestPopulateGivesTeamsGroupsOfTheirOwnAndOneThatManyHave(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest)
	options := pgtest.PopulateOptions{Teams: 900, Groups: 90, Servers: 9, ServersPerGroup: 1, GroupsPerTeam: 3, Popular: 10, Missing: 900}
	if err := pgtest.Populate(t.Context(), d.Pool, d.Schema, options); err != nil {
		t.Fatal(err)
	}
	if n := pgtest.Scalar[int](t, d, `SELECT count(DISTINCT access_group_ids) FROM {schema}."LiteLLM_TeamTable"`); n != 900 {
		t.Errorf("%d combinations of groups, want 900", n)
	}
	largest := pgtest.Scalar[int](t, d, `SELECT max(cardinality(assigned_team_ids)) FROM {schema}."LiteLLM_AccessGroupTable" WHERE access_group_name = 'group 1'`)
	if largest != 90 {
		t.Errorf("%d teams have the popular group, want 90", largest)
	}
}

func TestPopulateTakesZeros(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.Newest)
	if err := pgtest.Populate(t.Context(), d.Pool, d.Schema, pgtest.PopulateOptions{Teams: 3}); err != nil {
		t.Fatal(err)
	}
	if n := pgtest.Scalar[int](t, d, `SELECT count(*) FROM {schema}."LiteLLM_TeamTable" WHERE access_group_ids = '{}'`); n != 3 {
		t.Errorf("%d teams without groups, want 3", n)
	}
}

package reconcile_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
)

// oneMoreColumn is what nobody knows yet: the permission table has grown with
// most of LiteLLM's releases.
const oneMoreColumn = `ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" ADD COLUMN later INTEGER NOT NULL DEFAULT 0`

// A row that something else points at is copied, whoever that is: written in
// place it would grant to a stranger.
func TestASharedRowIsCopiedForTheTeam(t *testing.T) {
	t.Parallel()
	for _, table := range pgtest.OwnerTables(pgtest.Newest) {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.Newest)
			b.Exec(t, oneMoreColumn)
			b.team(t, "own")
			b.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable"
				SET vector_stores = '{v}', blocked_tools = '{b}', later = 7, mcp_tool_permissions = '{"x": ["y"]}'`)
			other := b.Own(t, table, "row")

			report := b.repair(t)

			if got := report.Done.Repaired[plan.SharedRow]; got != 1 {
				t.Errorf("shared rows repaired: %d, want 1", got)
			}
			if diff := cmp.Diff([]string{"own", "github"}, b.Servers(t, "team")); diff != "" {
				t.Error(diff)
			}
			copied := b.RowID(t, "team")
			if copied == "row" {
				t.Fatal("the team still shares its row")
			}
			columns := `(SELECT to_jsonb(p) - 'object_permission_id' - 'mcp_servers'
				FROM {schema}."LiteLLM_ObjectPermissionTable" AS p WHERE object_permission_id = '`
			if !pgtest.Scalar[bool](t, b.Database, "SELECT "+columns+"row') = "+columns+copied+"')") {
				t.Error("the copy lost a column")
			}
			if got := pgtest.Scalar[[]string](t, b.Database, `SELECT mcp_servers FROM {schema}."LiteLLM_ObjectPermissionTable"
				WHERE object_permission_id = 'row'`); !slices.Equal(got, []string{"own"}) {
				t.Errorf("the shared row became %v", got)
			}
			if table == "LiteLLM_TeamTable" {
				if got := b.RowID(t, other); got != "row" {
					t.Errorf("the other owner was relinked to %s", got)
				}
			}
		})
	}
}

func TestTwoDriftedTeamsThatShareARowEachGetACopy(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "a", "github")
	b.Group(t, "b", "jira")
	b.Team(t, "a", "a")
	b.Team(t, "b", "b")
	b.Row(t, "row", "own")
	b.LinkTeam(t, "a", "row")
	b.LinkTeam(t, "b", "row")

	b.repair(t)

	if diff := cmp.Diff([]string{"own", "github"}, b.Servers(t, "a")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"own", "jira"}, b.Servers(t, "b")); diff != "" {
		t.Error(diff)
	}
}

func TestASharedRowThatIsRightIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "own", "github")
	b.Own(t, "LiteLLM_VerificationToken", "row")
	before := b.Fingerprint(t)
	b.repair(t)
	if b.Fingerprint(t) != before {
		t.Error("something was written")
	}
}

func TestARowThatGrantsTheWholeRegistryIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.team(t, "all-proxy-mcpservers")
	before := b.Fingerprint(t)
	report := b.repair(t)
	if b.Fingerprint(t) != before {
		t.Error("something was written")
	}
	if got := report.Done.Skipped[reconcile.Sentinel]; got != 1 {
		t.Errorf("skipped: %d, want 1", got)
	}
}

// Only a proxy administrator may grant the whole registry (LiteLLM #32012).
func TestAGroupCannotGrantTheWholeRegistry(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.Newest)
	b.Group(t, "general", "all-proxy-mcpservers", "github", "")
	b.Team(t, "team", "general")
	b.repair(t)
	if diff := cmp.Diff([]string{"github"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

func TestOddArraysAreReadAsLiteLLMReadsThem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, groups, servers, row string
		want                       []string
	}{
		{"NULL groups", "NULL", "'{github}'", "'{own}'", []string{"own"}},
		{"NULL servers in the group", "'{general}'", "NULL", "'{own}'", []string{"own"}},
		{"NULL row", "'{general}'", "'{github}'", "NULL", []string{"github"}},
		{"empty row", "'{general}'", "'{github}'", "'{}'", []string{"github"}},
		{"NULL elements", "'{general,NULL}'", "'{github,NULL}'", "'{own,NULL}'", []string{"own", "github"}},
		{"duplicates in the source", "'{general,general}'", "'{github,github}'", "'{own}'", []string{"own", "github"}},
		{"duplicates in the row stay", "'{general}'", "'{github}'", "'{own,own}'", []string{"own", "own", "github"}},
		{"blanks", "'{\"\",general}'", "'{\"\",github}'", "'{own}'", []string{"own", "github"}},
		{"lower bounds", "'[0:0]={general}'", "'[5:5]={github}'", "'[0:0]={own}'", []string{"own", "github"}},
		{"two dimensions", "'{{general}}'", "'{{github,jira}}'", "'{{own},{two}}'", []string{"own", "two", "github", "jira"}},
		{"quotes", "'{general}'", `'{"a\"b","c\\d","e,f","{g}"}'`, "'{NULL,\"null\"}'", []string{"null", `a"b`, `c\d`, "e,f", "{g}"}},
		{"dangling group", "'{nowhere,general}'", "'{github}'", "'{}'", []string{"github"}},
		{"name and alias", "'{general}'", "'{My Server}'", "'{an alias}'", []string{"an alias", "My Server"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_83_14)
			b.Group(t, "general")
			b.Team(t, "team")
			b.Row(t, "row")
			b.LinkTeam(t, "team", "row")
			b.Exec(t, `UPDATE {schema}."LiteLLM_AccessGroupTable" SET access_mcp_server_ids = `+test.servers)
			b.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_servers = `+test.row)
			b.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET access_group_ids = `+test.groups)
			b.repair(t)
			if diff := cmp.Diff(test.want, b.Servers(t, "team")); diff != "" {
				t.Error(diff)
			}
			before := b.Fingerprint(t)
			b.repair(t)
			if b.Fingerprint(t) != before {
				t.Error("a second pass wrote something")
			}
		})
	}
}

// Databases made by "prisma db push" may lack the foreign key.
func TestALinkThatPointsAtNothingIsReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Exec(t, `ALTER TABLE {schema}."LiteLLM_TeamTable" DROP CONSTRAINT "LiteLLM_TeamTable_object_permission_id_fkey"`)
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	b.LinkTeam(t, "team", "nowhere")
	b.repair(t)
	if diff := cmp.Diff([]string{"github"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

// LiteLLM's first release with access groups has fewer owner tables, and some of
// them without the column.
func TestOwnerTablesThatAVersionDoesNotHaveAreNotAsked(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_81_12)
	b.team(t, "own")
	b.repair(t)
	if diff := cmp.Diff([]string{"own", "github"}, b.Servers(t, "team")); diff != "" {
		t.Error(diff)
	}
}

// Who else points at a row is looked up once, for the rows that the scan saw.
func TestARowThatTheScanDidNotSeeIsLeftToTheNextPass(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.BatchSize = 1
	b.Group(t, "general", "github")
	b.Team(t, "a", "general")
	b.Team(t, "b", "general")
	b.Row(t, "row of a key", "own")
	b.Own(t, "LiteLLM_VerificationToken", "row of a key")
	report, err := b.pass(t, reconcile.Options{Progress: func(done, _ int) {
		if done == 1 {
			b.LinkTeam(t, "b", "row of a key")
		}
	}})
	if err != nil || report.Done.Skipped[reconcile.Moved] != 1 {
		t.Errorf("%v, %+v, want one team left to the next pass", err, report.Done)
	}
	if diff := cmp.Diff([]string{"own"}, b.Servers(t, "b")); diff != "" {
		t.Errorf("the key's row: %s", diff)
	}
	b.repair(t)
	if diff := cmp.Diff([]string{"own", "github"}, b.Servers(t, "b")); diff != "" {
		t.Error(diff)
	}
	if b.RowID(t, "b") == "row of a key" {
		t.Error("the row was not copied")
	}
}

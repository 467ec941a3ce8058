package litellm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

func TestATeamIsLimitedByItsOrganization(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Row(t, "limit", "github")
	db.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_access_groups = '{prod}', mcp_tool_permissions = '{"jira": ["t"]}'`)
	limiting := db.Own(t, "LiteLLM_OrganizationTable", "limit")
	db.Exec(t, `INSERT INTO {schema}."LiteLLM_OrganizationTable" (organization_id, organization_alias, budget_id, created_by, updated_by)
		VALUES ('free', 'Free', 'budget', 'admin', 'admin')`)
	for team, organization := range map[string]string{"limited": limiting, "of a free one": "free", "of none": ""} {
		db.Team(t, team)
		db.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET organization_id = nullif($2, '') WHERE team_id = $1`, team, organization)
	}
	for team, want := range map[string]litellm.Organization{
		"limited": {ID: limiting, Alias: limiting, Entitlement: litellm.Entitlement{
			Servers: []string{"github"}, TagGroups: []string{"prod"}, ToolServers: []string{"jira"}}},
		"of a free one": {ID: "free", Alias: "Free"},
		"of none":       {},
		"unheard of":    {},
	} {
		got, err := litellm.ReadOrganization(t.Context(), db.Pool, postgres.Names{LiteLLM: db.Schema}, team)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("organization of the team %s (-want +got):\n%s", team, diff)
		}
	}
}

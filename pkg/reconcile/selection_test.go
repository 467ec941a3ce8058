package reconcile_test

import (
	"slices"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/reconcile"
)

func TestASelectionLeavesOtherTeamsAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		selection reconcile.Selection
		want      []string
	}{
		{"by id", reconcile.Selection{IncludeTeams: []string{"a"}}, []string{"a"}},
		{"by alias", reconcile.Selection{IncludeTeams: []string{"alias of b"}}, []string{"b"}},
		{"but not", reconcile.Selection{ExcludeTeams: []string{"a", "alias of b"}}, []string{"c"}},
		{"exclude wins", reconcile.Selection{IncludeTeams: []string{"a", "b"}, ExcludeTeams: []string{"a"}}, []string{"b"}},
		{"organization", reconcile.Selection{IncludeOrganizations: []string{"org"}}, []string{"c"}},
		{"organization by alias", reconcile.Selection{IncludeOrganizations: []string{"alias of org"}}, []string{"c"}},
		{"unknown organization", reconcile.Selection{IncludeOrganizations: []string{"nowhere"}}, nil},
		{"unknown team", reconcile.Selection{IncludeTeams: []string{"nowhere"}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, pgtest.V1_83_14)
			b.config.Selection = test.selection
			b.Group(t, "general", "github")
			for _, id := range []string{"a", "b", "c"} {
				b.Team(t, id, "general")
			}
			b.Row(t, "row-org")
			org := b.Own(t, "LiteLLM_OrganizationTable", "row-org")
			b.Exec(t, `UPDATE {schema}."LiteLLM_OrganizationTable" SET organization_id = 'org', organization_alias = 'alias of org' WHERE organization_id = $1`, org)
			b.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET team_alias = 'alias of ' || team_id,
				organization_id = CASE WHEN team_id = 'c' THEN 'org' END`)
			b.repair(t)
			var got []string
			for _, id := range []string{"a", "b", "c"} {
				if b.RowID(t, id) != "" {
					got = append(got, id)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("repaired %v, want %v", got, test.want)
			}
		})
	}
}

package litellm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

func TestTeamsAreFoundByIDAndByAlias(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t, pgtest.V1_81_12)
	names := postgres.Names{LiteLLM: d.Schema}
	for _, id := range []string{"a", "b", "c", "nameless", "empty"} {
		d.Team(t, id)
	}
	d.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET team_alias = 'same' WHERE team_id IN ('b', 'c')`)
	d.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET team_alias = NULL WHERE team_id = 'nameless'`)
	d.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET team_alias = '' WHERE team_id = 'empty'`)
	for name, want := range map[string][]string{
		"a": {"a"}, "alias of a": {"a"}, "same": {"b", "c"}, "nameless": {"nameless"}, "ALIAS OF A": nil, "nobody": nil,
	} {
		got, err := litellm.FindTeams(t.Context(), d.Pool, names, name)
		if err != nil || len(got)+len(want) > 0 && !cmp.Equal(got, want) {
			t.Errorf("%s: got %v, want %v (%v)", name, got, want, err)
		}
	}
	got, err := litellm.TeamAliases(t.Context(), d.Pool, names, []string{"a", "b", "nameless", "empty", "nobody", ""})
	if diff := cmp.Diff(map[string]string{"a": "alias of a", "b": "same"}, got); diff != "" || err != nil {
		t.Errorf("%s%v", diff, err)
	}
}

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

// An entry that was revoked lately stands in the row because LiteLLM wrote an
// older copy of it, not because an administrator put it there.
func TestEntriesRevokedLately(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                       string
		policy                     plan.Policy
		row, union                 []string
		after, added, removed, own []string
	}{
		{"came back", plan.Managed, []string{"own", "x"}, nil, []string{"own"}, nil, []string{"x"}, nil},
		{"stayed away", plan.Managed, []string{"own"}, nil, []string{"own"}, nil, nil, nil},
		{"came back and is granted again", plan.Managed, []string{"own", "x"}, []string{"x"}, []string{"own", "x"}, nil, nil, []string{"x"}},
		{"stayed away and is granted again", plan.Managed, []string{"own"}, []string{"x"}, []string{"own", "x"}, []string{"x"}, nil, []string{"x"}},
		{"came back, additive", plan.Additive, []string{"own", "x"}, nil, []string{"own", "x"}, nil, nil, nil},
		{"came back, exact", plan.Exact, []string{"x"}, nil, nil, nil, []string{"x"}, nil},
	} {
		got := plan.Decide(test.policy, plan.Team{
			Row: &litellm.Row{ID: "row", Servers: test.row}, Revoked: []string{"x"}, Union: test.union,
		})
		want := plan.Change{After: test.after, Added: test.added, Removed: test.removed, Owned: test.own}
		ignored := cmpopts.IgnoreFields(plan.Change{}, "Kinds", "Before", "CeilingCreated", "CeilingRemoved")
		if diff := cmp.Diff(want, got, ignored, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

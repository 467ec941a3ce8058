package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"litellm-reconciler/pkg/plan"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	for _, s := range situations {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for policy, want := range s.want {
				if s.team.Row != nil && !want.Sentinel {
					want.Before = s.team.Row.Servers
				}
				got := plan.Decide(policy, s.team)
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", policy, diff)
				}
				if got.Drifted() != (len(want.Kinds) > 0) {
					t.Errorf("%s: drifted is %t with kinds %v", policy, got.Drifted(), got.Kinds)
				}
			}
		})
	}
}

func TestEverySituationIsDecidedUnderEveryPolicy(t *testing.T) {
	t.Parallel()
	for _, s := range situations {
		if len(s.want) != len(policies) {
			t.Errorf("%s: %d policies, want %d", s.name, len(s.want), len(policies))
		}
	}
}

// The ledger stores NULL for no row, and LiteLLM's column is to hold an empty list rather than NULL once it was written.
func TestNothingBeforeIsNilAndNothingAfterIsEmpty(t *testing.T) {
	t.Parallel()
	if c := plan.Decide(plan.Managed, plan.Team{Union: list{"a"}}); c.Before != nil {
		t.Errorf("before without a row: %#v, want nil", c.Before)
	}
	if c := plan.Decide(plan.Managed, plan.Team{Row: row("a"), Owned: list{"a"}}); c.After == nil {
		t.Error("after taking the last entry out: nil, want an empty list")
	}
}

func TestKindsAreReportedInTheOrderOfKinds(t *testing.T) {
	t.Parallel()
	for _, s := range situations {
		for policy, want := range s.want {
			last := -1
			for _, kind := range plan.Decide(policy, s.team).Kinds {
				at := slices.Index(plan.Kinds(), kind)
				if at <= last {
					t.Errorf("%s, %s: %v is not in the order of %v", s.name, policy, want.Kinds, plan.Kinds())
				}
				last = at
			}
		}
	}
}

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	for _, policy := range policies {
		for _, name := range []string{string(policy), " " + string(policy) + "\n"} {
			if got, err := plan.ParsePolicy(name); got != policy || err != nil {
				t.Errorf("%q: got %q and error %v, want %q", name, got, err, policy)
			}
		}
	}
	for _, name := range []string{"", "Managed", "strict"} {
		got, err := plan.ParsePolicy(name)
		const remedy = "use managed, additive or exact"
		if got != "" || err == nil || !contains(err, remedy) {
			t.Errorf("%q: got %q and error %v, want one that says %q", name, got, err, remedy)
		}
	}
}

package plan_test

import (
	"fmt"
	"testing"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

// BenchmarkDecide is about the decision on one team. The output suits benchstat.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{24, 500} {
		union := make([]string, n)
		for i := range union {
			union[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		}
		row := func(servers ...string) *litellm.Row { return &litellm.Row{ID: "row", Servers: servers} }
		for _, c := range []struct {
			name string
			team plan.Team
			want int // of Kinds
		}{
			{"in-sync", plan.Team{Row: row(union...), Owned: union, Union: union}, 0},
			{"missing-row", plan.Team{Union: union}, 1},
			{"one-missing", plan.Team{Row: row(union[1:]...), Owned: union[1:], Union: union}, 1},
			{"one-excess", plan.Team{Row: row(union...), Owned: union, Union: union[1:]}, 1},
			{"all-excess", plan.Team{Row: row(union...), Owned: union}, 1},
		} {
			b.Run(fmt.Sprintf("%s/servers=%d", c.name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if got := plan.Decide(plan.Managed, c.team); len(got.Kinds) != c.want {
						b.Fatalf("kinds %v", got.Kinds)
					}
				}
			})
		}
	}
}

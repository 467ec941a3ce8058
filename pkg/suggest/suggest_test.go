package suggest_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/pkg/suggest"
)

func TestDistanceCountsEdits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"github", "github", 0}, {"", "abc", 3}, {"abc", "", 3},
		{"github", "gihub", 1}, {"github", "gitlab", 2}, {"kitten", "sitting", 3}, {"jira", "wiki", 3},
	} {
		if got := suggest.Distance(test.a, test.b); got != test.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
		if got := suggest.Distance(test.b, test.a); got != test.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", test.b, test.a, got, test.want)
		}
	}
}

func TestARankingKeepsTheClosest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		meant      string
		candidates []string
		want       []string
	}{
		"fewer edits are better":               {"users-locl", []string{"users-loud", "users-local", "admins"}, []string{"users-local", "users-loud"}},
		"case does not count":                  {"RESEARCH", []string{"Research", "support"}, []string{"Research"}},
		"a part of a name will do":             {"research", []string{"Research and development", "support"}, []string{"Research and development"}},
		"so will more than the name":           {"the research team", []string{"research", "ops"}, []string{"research"}},
		"a part is behind a mistyped name":     {"users", []string{"users of all kinds", "user", "usefs"}, []string{"usefs", "user", "users of all kinds"}},
		"two letters are not a part to go by":  {"ci", []string{"citrix", "c1"}, []string{"c1"}},
		"nothing is closer than a wild guess":  {"github", []string{"jira", "wiki", "slack"}, []string{}},
		"only so many are kept, the first few": {"team-x", []string{"team-4", "team-2", "team-1", "team-3"}, []string{"team-1", "team-2", "team-3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ranking := suggest.NewRanking[string](test.meant, 3)
			for _, c := range test.candidates {
				ranking.Add(c, c)
			}
			if diff := cmp.Diff(test.want, ranking.Best()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestACandidateIsRankedOnceByTheClosestOfItsNames(t *testing.T) {
	t.Parallel()
	ranking := suggest.NewRanking[int]("github", 5)
	ranking.Add(1, "gitlab", "github-enterprise", "")
	ranking.Add(2, "github-mcp", "githug")
	if diff := cmp.Diff([]int{2, 1}, ranking.Best()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func BenchmarkRanking(b *testing.B) {
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("service account %d", i*7919)
	}
	ranking := suggest.NewRanking[int]("service acount 12345", 5)
	for i := 0; b.Loop(); i++ {
		ranking.Add(i, names[i%len(names)])
	}
}

package plan_test

import (
	"errors"
	"strings"
	"testing"

	"litellm-reconciler/pkg/plan"
)

// unlimited lets everything pass but an empty source.
var unlimited = plan.Guard{MaxRevokedFraction: 1, MaxCeilingsCreated: -1, MaxCeilingsRemoved: -1}

// with changes a copy.
func with[T any](value T, change func(*T)) T {
	change(&value)
	return value
}

func TestGuard(t *testing.T) {
	t.Parallel()
	quarter := with(unlimited, func(g *plan.Guard) { g.MaxRevokedFraction, g.MinRevokedTeams = 0.25, 5 })
	fraction := func(limit float64, least int) plan.Guard {
		return with(unlimited, func(g *plan.Guard) { g.MaxRevokedFraction, g.MinRevokedTeams = limit, least })
	}
	created := func(limit int) plan.Guard {
		return with(unlimited, func(g *plan.Guard) { g.MaxCeilingsCreated = limit })
	}
	removed := func(limit int) plan.Guard {
		return with(unlimited, func(g *plan.Guard) { g.MaxCeilingsRemoved = limit })
	}
	found := plan.Counts{Teams: 100, Groups: 10, Owning: 40}
	losing := func(n int) plan.Counts { return with(found, func(c *plan.Counts) { c.Losing = n }) }

	for name, c := range map[string]struct {
		guard  plan.Guard
		counts plan.Counts
		want   plan.Limit // "" lets the pass through
	}{
		"an installation at rest passes":                 {quarter, found, ""},
		"an empty LiteLLM passes while nothing is owned": {plan.Guard{}, plan.Counts{}, ""},
		"no access group while grants are owned":         {unlimited, plan.Counts{Teams: 100, Owning: 1}, plan.EmptySource},
		"no team while grants are owned":                 {unlimited, plan.Counts{NoTeams: true, Groups: 10, Owning: 1}, plan.EmptySource},
		"no team with groups is left, but others passes": {unlimited, plan.Counts{Groups: 10, Owning: 1}, ""},
		"no access group while nothing is owned passes":  {unlimited, plan.Counts{Teams: 100}, ""},

		"exactly the fraction passes":                       {quarter, losing(10), ""},
		"one more than the fraction":                        {quarter, losing(11), plan.RevokedFraction},
		"one less than the least number of teams passes":    {fraction(0, 5), losing(4), ""},
		"the least number of teams":                         {fraction(0, 5), losing(5), plan.RevokedFraction},
		"no least number: one team is too many for none":    {fraction(0, 0), losing(1), plan.RevokedFraction},
		"no least number: no team loses, so it passes":      {fraction(0, 0), losing(0), ""},
		"a fraction of 1 lets every owning team lose":       {fraction(1, 0), losing(40), ""},
		"exact takes from teams that own nothing too":       {fraction(0.9, 0), with(losing(1), func(c *plan.Counts) { c.Owning = 0 }), plan.RevokedFraction},
		"a fraction of 1 lets those lose as well":           {fraction(1, 0), with(losing(1), func(c *plan.Counts) { c.Owning = 0 }), ""},
		"a pass that only grants is not held by a fraction": {fraction(0, 0), with(found, func(c *plan.Counts) { c.CeilingsCreated = 90 }), ""},

		"-1 lets any number of ceilings appear":    {created(-1), with(found, func(c *plan.Counts) { c.CeilingsCreated = 100 }), ""},
		"0 lets no ceiling appear":                 {created(0), with(found, func(c *plan.Counts) { c.CeilingsCreated = 1 }), plan.CeilingsCreated},
		"0 passes while no ceiling appears":        {created(0), found, ""},
		"as many ceilings as may appear pass":      {created(3), with(found, func(c *plan.Counts) { c.CeilingsCreated = 3 }), ""},
		"one ceiling more than may appear":         {created(3), with(found, func(c *plan.Counts) { c.CeilingsCreated = 4 }), plan.CeilingsCreated},
		"-1 lets any number of ceilings disappear": {removed(-1), with(found, func(c *plan.Counts) { c.CeilingsRemoved = 100 }), ""},
		"0 lets no ceiling disappear":              {removed(0), with(found, func(c *plan.Counts) { c.CeilingsRemoved = 1 }), plan.CeilingsRemoved},
		"0 passes while no ceiling disappears":     {removed(0), found, ""},
		"as many ceilings as may disappear pass":   {removed(3), with(found, func(c *plan.Counts) { c.CeilingsRemoved = 3 }), ""},
		"one ceiling more than may disappear":      {removed(3), with(found, func(c *plan.Counts) { c.CeilingsRemoved = 4 }), plan.CeilingsRemoved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := limitOf(t, c.guard.Check(c.counts)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLimitsAreCheckedInTheirOrder(t *testing.T) {
	t.Parallel()
	var guard plan.Guard // allows nothing
	counts := plan.Counts{Teams: 10, Owning: 10, Losing: 10, CeilingsCreated: 1, CeilingsRemoved: 1}
	for _, step := range []struct {
		want plan.Limit
		fix  func()
	}{
		{plan.EmptySource, func() { counts.Groups = 1 }},
		{plan.RevokedFraction, func() { counts.Losing = 0 }},
		{plan.CeilingsCreated, func() { counts.CeilingsCreated = 0 }},
		{plan.CeilingsRemoved, func() { counts.CeilingsRemoved = 0 }},
		{"", func() {}},
	} {
		if got := limitOf(t, guard.Check(counts)); got != step.want {
			t.Errorf("got %q, want %q", got, step.want)
		}
		step.fix()
	}
	if got := len(plan.Limits()); got != 4 {
		t.Errorf("%d limits, and 4 of them tested", got)
	}
}

func TestARefusalSaysWhatHappenedAndWhatAllowsIt(t *testing.T) {
	t.Parallel()
	sound := plan.Counts{Teams: 10, Groups: 1, Owning: 8}
	for limit, c := range map[plan.Limit]struct {
		counts plan.Counts
		want   []string
	}{
		plan.EmptySource:     {plan.Counts{Teams: 10, Owning: 8}, []string{"no access group at all", "owns grants of 8 teams"}},
		plan.RevokedFraction: {with(sound, func(c *plan.Counts) { c.Losing = 5 }), []string{"5 teams", "of 8 for which the ledger owns grants", "guard.max_revoked_fraction 0.25"}},
		plan.CeilingsCreated: {with(sound, func(c *plan.Counts) { c.CeilingsCreated = 3 }), []string{"3 teams", "guard.max_ceilings_created 2"}},
		plan.CeilingsRemoved: {with(sound, func(c *plan.Counts) { c.CeilingsRemoved = 4 }), []string{"4 teams", "guard.max_ceilings_removed 1"}},
	} {
		err := plan.Guard{MaxRevokedFraction: 0.25, MaxCeilingsCreated: 2, MaxCeilingsRemoved: 1}.Check(c.counts)
		if got := limitOf(t, err); got != limit {
			t.Fatalf("got %q, want %q", got, limit)
		}
		for _, part := range append(c.want, "nothing was written", "--allow-revokes") {
			if !contains(err, part) {
				t.Errorf("%s: %q does not say %q", limit, err, part)
			}
		}
		if contains(err, "\n") {
			t.Errorf("%s: more than one line: %q", limit, err)
		}
	}
}

// limitOf is the limit of a refusal, "" for none.
func limitOf(t *testing.T, err error) plan.Limit {
	t.Helper()
	if err == nil {
		return ""
	}
	var refusal *plan.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("no refusal: %v", err)
	}
	return refusal.Limit
}

func contains(err error, part string) bool { return strings.Contains(err.Error(), part) }

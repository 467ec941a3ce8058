package doctor

import (
	"context"
	"fmt"
	"strings"
)

// settings points at what is allowed, and yet surprises whoever forgot it.
func (e *exam) settings(context.Context) ([]Check, error) {
	var checks []Check
	c := e.Config
	if c.Policy == "exact" {
		checks = append(checks, finding(Warn, "", "policy is exact: what administrators grant to teams with access groups directly is taken out")...)
	}
	var limited []string
	for _, list := range []struct {
		key   string
		names []string
	}{
		{"teams.include", c.Teams.Include},
		{"teams.exclude", c.Teams.Exclude},
		{"organizations.include", c.Organizations.Include},
	} {
		if len(list.names) > 0 {
			limited = append(limited, fmt.Sprintf("%s names %d", list.key, len(list.names)))
		}
	}
	if len(limited) > 0 {
		checks = append(checks, finding(Warn, "", "not every team is looked after: %s", strings.Join(limited, ", "))...)
	}
	if c.Guard.MaxRevokedFraction >= 1 {
		checks = append(checks, finding(Warn, "", "guard.max_revoked_fraction is 1: a pass may revoke everything")...)
	}
	if checks == nil {
		checks = good("policy %s, for every team", c.Policy)
	}
	return checks, nil
}

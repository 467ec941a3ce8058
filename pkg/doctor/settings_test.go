package doctor_test

import (
	"strings"
	"testing"

	"litellm-reconciler/pkg/doctor"
)

func TestSettingsThatSurpriseAreNamed(t *testing.T) {
	t.Parallel()
	r := examine(t, with("postgresql://who@127.0.0.1:1/litellm", "POLICY", "exact", "TEAMS_INCLUDE", "a,b", "TEAMS_EXCLUDE", "c",
		"ORGANIZATIONS_INCLUDE", "o", "GUARD_MAX_REVOKED_FRACTION", "1"), doctor.Daemon)
	found := lines(r, "config")
	for i, text := range []string{
		"warn policy is exact", "teams.include names 2, teams.exclude names 1, organizations.include names 1", "may revoke everything",
	} {
		if len(found) != 3 || !strings.Contains(found[i], text) {
			t.Fatalf("no %q in %q", text, found)
		}
	}
}

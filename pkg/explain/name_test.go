package explain

import (
	"strings"
	"testing"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/reconcile"
)

func TestNamesCanSayWhatTheyAreOf(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]name{
		"ci": {"", "ci"}, " ci ": {"", "ci"}, "team:ci": {TeamKind, "ci"}, "key: ci": {KeyKind, "ci"},
		"team:team:blue": {TeamKind, "team:blue"}, "user:ci": {"", "user:ci"},
		"sk-...abcd": {"", "sk-...abcd"}, "key:sk-...a-_d": {KeyKind, "sk-...a-_d"}, "sk-...": {"", "sk-..."},
		"task-force": {"", "task-force"}, "bearer": {"", "bearer"}, "bearer of news": {"", "bearer of news"},
	} {
		if got, err := parseName(arg); got != want || err != nil {
			t.Errorf("%q is %+v, %v, want %+v", arg, got, err, want)
		}
	}
	for _, arg := range []string{"", " ", "team:", "key: "} {
		if _, err := parseName(arg); err == nil || !strings.Contains(err.Error(), "is empty") {
			t.Errorf("%q gives %v", arg, err)
		}
	}
}

func TestSentinelsAreNoServers(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{litellm.NoServers, litellm.AllProxyServers} {
		if _, err := parseServer(arg); err == nil || !strings.Contains(err.Error(), "is no server") {
			t.Errorf("%q gives %v", arg, err)
		}
	}
	if got, err := parseServer(" github "); got != "github" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCandidatesSayHowToNameThem(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]candidate{
		"team:t1":                            teamCandidate(litellm.TeamAccess{ID: "t1"}),
		"team:t1 (Users)":                    teamCandidate(litellm.TeamAccess{ID: "t1", Alias: "Users"}),
		"team:t1 (Us\ufffders)":              teamCandidate(litellm.TeamAccess{ID: "t1", Alias: "Us\x1bers"}),
		"key:ci (sk-...abcd, of team t1)":    keyCandidate(litellm.KeyAccess{Alias: "ci", Masked: "sk-...abcd", Team: "t1"}),
		`'key:two words'`:                    keyCandidate(litellm.KeyAccess{Alias: "two words"}),
		"'key:new\ufffdline'":                keyCandidate(litellm.KeyAccess{Alias: "new\nline"}),
		`'key:$(reboot)'`:                    keyCandidate(litellm.KeyAccess{Alias: "$(reboot)"}),
		"'key:`reboot`;a&b|c>d*'":            keyCandidate(litellm.KeyAccess{Alias: "`reboot`;a&b|c>d*"}),
		`'key:it'\''s "his" \ $HOME!'`:       keyCandidate(litellm.KeyAccess{Alias: `it's "his" \ $HOME!`}),
		"'key:café'":                         keyCandidate(litellm.KeyAccess{Alias: "café"}),
		"key:ci@example.com":                 keyCandidate(litellm.KeyAccess{Alias: "ci@example.com"}),
		"key:ci@t1 (of team t1)":             {kind: KeyKind, alias: "ci", team: "t1", byTeam: true},
		"'key:sk-...abcd@t 1' (of team t 1)": {kind: KeyKind, id: "sk-...abcd", team: "t 1", byID: true, byTeam: true},
		`'team:it'\''s'`:                     teamCandidate(litellm.TeamAccess{ID: "it's"}),
		"key:sk-...abcd (of team t1)":        keyCandidate(litellm.KeyAccess{Masked: "sk-...abcd", Team: "t1"}),
		"a key without a name (of team t1)":  keyCandidate(litellm.KeyAccess{Team: "t1"}),
	} {
		if got := c.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTeamsThatPassesLeaveOut(t *testing.T) {
	t.Parallel()
	users, org := litellm.TeamAccess{ID: "t1", Alias: "Users"}, litellm.Organization{ID: "o1", Alias: "Research"}
	for name, test := range map[string]struct {
		selection reconcile.Selection
		org       litellm.Organization
		want      string
	}{
		"none":                                {},
		"included by id":                      {selection: reconcile.Selection{IncludeTeams: []string{"t2", "t1"}}},
		"included by alias":                   {selection: reconcile.Selection{IncludeTeams: []string{"Users"}}},
		"not included":                        {selection: reconcile.Selection{IncludeTeams: []string{"t2"}}, want: "teams.include"},
		"excluded by id":                      {selection: reconcile.Selection{ExcludeTeams: []string{"t1"}}, want: "teams.exclude"},
		"excluded by alias, though included":  {selection: reconcile.Selection{IncludeTeams: []string{"t1"}, ExcludeTeams: []string{"Users"}}, want: "teams.exclude"},
		"of an included organization":         {selection: reconcile.Selection{IncludeOrganizations: []string{"Research"}}, org: org},
		"of another organization":             {selection: reconcile.Selection{IncludeOrganizations: []string{"o2"}}, org: org, want: "organizations.include"},
		"of no organization":                  {selection: reconcile.Selection{IncludeOrganizations: []string{"o1"}}, want: "organizations.include"},
		"of an organization without an alias": {selection: reconcile.Selection{IncludeOrganizations: []string{"o1"}}, org: litellm.Organization{ID: "o1"}},
	} {
		if got := leftOutBy(test.selection, users, test.org); got != test.want {
			t.Errorf("%s: left out by %q, want %q", name, got, test.want)
		}
	}
}

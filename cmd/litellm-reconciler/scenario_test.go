package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
)

// summary is the JSON form of a pass as others rely on it.
type summary struct {
	Result          string         `json:"result"`
	Error           string         `json:"error"`
	DryRun          bool           `json:"dry_run"`
	Teams           int            `json:"teams"`
	AccessGroups    int            `json:"access_groups"`
	DriftedTeams    int            `json:"drifted_teams"`
	Drifted         map[string]int `json:"drifted"`
	RepairedTeams   int            `json:"repaired_teams"`
	Repaired        map[string]int `json:"repaired"`
	SettledTeams    int            `json:"settled_teams"`
	Failed          []any          `json:"failed"`
	Skipped         map[string]int `json:"skipped"`
	ServersGranted  int            `json:"servers_granted"`
	ServersRevoked  int            `json:"servers_revoked"`
	CeilingsCreated int            `json:"ceilings_created"`
	CeilingsRemoved int            `json:"ceilings_removed"`
	Dangling        int            `json:"dangling_group_references"`
	Mismatches      *int           `json:"membership_mismatches"`
	Duration        float64        `json:"duration_seconds"`
}

// summary reads the JSON on standard output, and drops how long the pass took.
func (r result) summary(t *testing.T) summary {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(r.stdout))
	decoder.DisallowUnknownFields()
	var s summary
	if err := decoder.Decode(&s); err != nil {
		t.Fatalf("%v in %s", err, r.stdout)
	}
	if s.Duration <= 0 {
		t.Errorf("the pass took %g s", s.Duration)
	}
	s.Duration = 0
	return s
}

// counts fills in what is zero.
func counts(names string, values map[string]int) map[string]int {
	all := map[string]int{}
	for name := range strings.FieldsSeq(names) {
		all[name] = values[name]
	}
	return all
}

const (
	kinds   = "missing_row missing_servers excess_servers shared_row"
	reasons = "sentinel busy moved gone"
)

func wantServers(t *testing.T, db *pgtest.Database, team string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, db.Servers(t, team)); diff != "" {
		t.Errorf("servers of team %s (-want +got):\n%s", team, diff)
	}
}

// LiteLLM issue #27657: a team whose access group grants a server, and that has
// no permission row to say so.
func TestTheTeamOfTheIssueIsRepairedOnEveryVersionOfLiteLLM(t *testing.T) {
	t.Parallel()
	for _, version := range pgtest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, version)
			db.Server(t, "e7a5b6cb", "github")
			db.Group(t, "local", "e7a5b6cb")
			db.Team(t, "users-local", "local")

			repaired := once(t, db, 0, "-o", "json")

			wantServers(t, db, "users-local", "e7a5b6cb")
			mismatches := 1 // the group does not list the team
			want := summary{
				Result: "ok", Teams: 1, AccessGroups: 1, DriftedTeams: 1, RepairedTeams: 1,
				Drifted:  counts(kinds, map[string]int{"missing_row": 1}),
				Repaired: counts(kinds, map[string]int{"missing_row": 1}),
				Failed:   []any{}, Skipped: counts(reasons, nil),
				ServersGranted: 1, CeilingsCreated: 1, Mismatches: &mismatches,
			}
			if diff := cmp.Diff(want, repaired.summary(t)); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}

			before := db.Fingerprint(t)
			second := once(t, db, 0)
			if db.Fingerprint(t) != before {
				t.Error("the second pass wrote something")
			}
			if !strings.HasPrefix(second.stdout, "In sync: 1 team with access groups, 1 access group (") {
				t.Errorf("the second pass says: %s", second.stdout)
			}
			wantTexts(t, repaired.stderr, "installed the ledger")
			if second.stderr != "" {
				t.Errorf("the second pass logs: %s", second.stderr)
			}
		})
	}
}

// Each change is made to team "a" after a first repair gave it
// github, jira and wiki: by "dev" the first two, by "ops" the last two.
func TestChangesAfterARepair(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*testing.T, *pgtest.Database)
		want   []string
	}{
		"an edited group grants and takes back": {
			func(t *testing.T, db *pgtest.Database) { db.SetGroup(t, "dev", "grafana", "jira") },
			[]string{"jira", "wiki", "grafana"},
		},
		"a detached group takes back what no other group grants": {
			func(t *testing.T, db *pgtest.Database) { db.SetTeamGroups(t, "a", "ops") },
			[]string{"jira", "wiki"},
		},
		"a deleted group takes back what no other group grants": {
			func(t *testing.T, db *pgtest.Database) { db.DeleteGroup(t, "ops") },
			[]string{"github", "jira"},
		},
		"a team that leaves all groups loses what they granted": {
			func(t *testing.T, db *pgtest.Database) { db.SetTeamGroups(t, "a") },
			[]string{},
		},
		"direct grants stay when a group goes": {
			func(t *testing.T, db *pgtest.Database) {
				db.SetServers(t, db.RowID(t, "a"), "direct", "github", "jira", "wiki")
				db.SetTeamGroups(t, "a", "dev")
			},
			[]string{"direct", "github", "jira"},
		},
		"what was removed by hand comes back": {
			func(t *testing.T, db *pgtest.Database) { db.SetServers(t, db.RowID(t, "a"), "wiki", "github") },
			[]string{"wiki", "github", "jira"},
		},
		"a row that was emptied by hand is filled": {
			func(t *testing.T, db *pgtest.Database) { db.SetServers(t, db.RowID(t, "a")) },
			[]string{"github", "jira", "wiki"},
		},
		"a row that was deleted is made anew": {
			func(t *testing.T, db *pgtest.Database) {
				db.Exec(t, `DELETE FROM {schema}."LiteLLM_ObjectPermissionTable" WHERE object_permission_id = $1`, db.RowID(t, "a"))
			},
			[]string{"github", "jira", "wiki"},
		},
		"a row that a key shares is copied, and the key keeps the old one": {
			func(t *testing.T, db *pgtest.Database) {
				db.Exec(t, `INSERT INTO {schema}."LiteLLM_VerificationToken" (token, models, object_permission_id) VALUES ('key', '{}', $1)`,
					db.RowID(t, "a"))
				db.SetGroup(t, "dev", "github", "grafana")
			},
			[]string{"github", "jira", "wiki", "grafana"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			db.Group(t, "dev", "github", "jira")
			db.Group(t, "ops", "jira", "wiki")
			db.Team(t, "a", "dev", "ops")
			once(t, db, 0)
			wantServers(t, db, "a", "github", "jira", "wiki")

			test.change(t, db)
			once(t, db, 0)

			wantServers(t, db, "a", test.want...)
			before := db.Fingerprint(t)
			wantTexts(t, once(t, db, 0).stdout, "In sync")
			if db.Fingerprint(t) != before {
				t.Error("a further pass wrote something")
			}
		})
	}
}

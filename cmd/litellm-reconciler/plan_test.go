package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
)

// planned is the JSON form of a plan as others rely on it.
type planned struct {
	Teams   []plannedTeam  `json:"teams"`
	Summary plannedSummary `json:"summary"`
}

type plannedTeam struct {
	Team    string         `json:"team"`
	Alias   string         `json:"team_alias"`
	Kinds   []string       `json:"kinds"`
	Action  string         `json:"action"`
	Row     *string        `json:"row"`
	Before  []string       `json:"before"`
	After   []string       `json:"after"`
	Added   []plannedEntry `json:"added"`
	Removed []plannedEntry `json:"removed"`
	Kept    []plannedEntry `json:"kept"`
	Keys    plannedKeys    `json:"keys"`
}

type plannedEntry struct {
	Server string         `json:"server"`
	Name   string         `json:"name"`
	Groups []plannedGroup `json:"groups"`
	Owned  *bool          `json:"owned"`
}

type plannedGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type plannedKey struct {
	Key     string   `json:"key"`
	Effects []string `json:"effects"`
	Native  []string `json:"effects_from_v1_88"`
	Before  []string `json:"before"`
	After   []string `json:"after"`
}

type plannedKeys struct {
	List   []plannedKey   `json:"list"`
	Rows   map[string]int `json:"before_v1_88"`
	Native map[string]int `json:"from_v1_88"`
}

type plannedSummary struct {
	Result          string         `json:"result"`
	Error           string         `json:"error"`
	Limit           string         `json:"limit"`
	Policy          string         `json:"policy"`
	Teams           int            `json:"teams"`
	AccessGroups    int            `json:"access_groups"`
	DriftedTeams    int            `json:"drifted_teams"`
	Drifted         map[string]int `json:"drifted"`
	RowsCreated     int            `json:"rows_created"`
	RowsUpdated     int            `json:"rows_updated"`
	RowsCopied      int            `json:"rows_copied"`
	ServersGranted  int            `json:"servers_granted"`
	ServersRevoked  int            `json:"servers_revoked"`
	CeilingsCreated int            `json:"ceilings_created"`
	CeilingsRemoved int            `json:"ceilings_removed"`
	Keys            plannedKeys    `json:"keys"`
	StaleTeams      int            `json:"stale_teams"`
	Skipped         map[string]int `json:"skipped"`
	Dangling        int            `json:"dangling_group_references"`
	Mismatches      *int           `json:"membership_mismatches"`
	Duration        float64        `json:"duration_seconds"`
}

// planOf makes a plan and wants it to end with code.
func planOf(t *testing.T, db *pgtest.Database, code int, args ...string) result {
	t.Helper()
	return run(t, of(db), append([]string{"plan"}, args...)...).wantCode(t, code)
}

// planned reads the JSON on standard output.
func (r result) planned(t *testing.T) planned {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(r.stdout))
	decoder.DisallowUnknownFields()
	var p planned
	if err := decoder.Decode(&p); err != nil {
		t.Fatalf("%v in %s", err, r.stdout)
	}
	if rest := r.stdout[decoder.InputOffset():]; rest != "\n" {
		t.Errorf("after the JSON comes %q", rest)
	}
	return p
}

// effects fills in what is zero.
func effects(values map[string]int) map[string]int {
	return counts("gain lose narrowed widened", values)
}

// keyWith creates a key with servers of its own.
func keyWith(t *testing.T, db *pgtest.Database, token, team string, servers ...string) {
	t.Helper()
	db.Key(t, token, team)
	db.Row(t, "row of "+token, servers...)
	db.Exec(t, `UPDATE {schema}."LiteLLM_VerificationToken" SET object_permission_id = $2 WHERE token = $1`, token, "row of "+token)
}

func wantText(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPlanOfTheTeamOfTheIssueOnEveryVersionOfLiteLLM(t *testing.T) {
	t.Parallel()
	for _, version := range pgtest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, version)
			db.Server(t, "e7a5b6cb", "github")
			db.Group(t, "local", "e7a5b6cb")
			db.Team(t, "users-local", "local")
			db.Key(t, "one", "users-local")
			db.Key(t, "two", "users-local")
			keyWith(t, db, "own", "users-local", "e7a5b6cb", "jira")
			db.Key(t, "stranger", "")
			before := db.Fingerprint(t)

			text, parsed := planOf(t, db, 0).stdout, planOf(t, db, 0, "-o", "json").planned(t)

			if db.Fingerprint(t) != before || hasLedger(t, db) {
				t.Error("the plan wrote something")
			}
			wantText(t, text, `team users-local ("alias of users-local"): new row
  + e7a5b6cb ("github") (granted by group "name of local")
  keys: 2 gain, 1 narrowed (the team begins to restrict keys with a list of their own)

Plan: 1 team, 1 server granted, 2 keys gain, 1 key narrowed.
  from v1.88, where LiteLLM resolves access groups itself: no key is affected
  mismatched: 1 access group whose assigned_team_ids disagrees with the teams, which are what counts
`)
			if parsed.Summary.Duration <= 0 {
				t.Errorf("it took %g s", parsed.Summary.Duration)
			}
			parsed.Summary.Duration = 0
			mismatches := 1
			keys := plannedKeys{Rows: effects(map[string]int{"gain": 2, "narrowed": 1}), Native: effects(nil)}
			want := planned{
				Teams: []plannedTeam{{
					Team: "users-local", Alias: "alias of users-local", Kinds: []string{"missing_row"}, Action: "created",
					After: []string{"e7a5b6cb"}, Added: parsed.Teams[0].Added, Removed: []plannedEntry{}, Kept: []plannedEntry{},
					Keys: keys,
				}},
				Summary: plannedSummary{
					Result: "ok", Policy: "managed", Teams: 1, AccessGroups: 1, DriftedTeams: 1, RowsCreated: 1,
					Drifted: counts(kinds, map[string]int{"missing_row": 1}), ServersGranted: 1, CeilingsCreated: 1,
					Keys: keys, Skipped: counts("sentinel", nil), Mismatches: &mismatches,
				},
			}
			if diff := cmp.Diff(want, parsed); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if e := parsed.Teams[0].Added[0]; e.Server != "e7a5b6cb" || e.Name != "github" || e.Groups[0].ID != "local" || e.Groups[0].Name != "name of local" {
				t.Errorf("the added entry is %+v", e)
			}
		})
	}
}

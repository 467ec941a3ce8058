package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
)

// changeLog is the JSON form of the history as others rely on it.
type changeLog struct {
	Changes   []loggedChange `json:"changes"`
	Truncated bool           `json:"truncated"`
	Run       *struct {
		loggedRun
		RevertedBy []string `json:"reverted_by"`
	} `json:"run"`
}

type loggedChange struct {
	ID          int64               `json:"change_id"`
	Time        string              `json:"time"`
	Team        string              `json:"team"`
	Alias       *string             `json:"team_alias"`
	Action      string              `json:"action"`
	Row         string              `json:"row"`
	PreviousRow *string             `json:"previous_row"`
	Before      []string            `json:"before"`
	After       []string            `json:"after"`
	Added       []string            `json:"added"`
	Removed     []string            `json:"removed"`
	GrantedBy   map[string][]string `json:"granted_by"`
	Run         loggedRun           `json:"run"`
}

type loggedRun struct {
	ID       string  `json:"run_id"`
	Started  string  `json:"started_at"`
	Finished *string `json:"finished_at"`
	Trigger  string  `json:"trigger"`
	Policy   string  `json:"policy"`
	Version  string  `json:"version"`
	Host     string  `json:"host"`
	Reverts  *string `json:"reverted_run"`
	Result   *string `json:"result"`
	Repaired *int    `json:"repaired"`
	Failed   *int    `json:"failed"`
}

// shownHistory runs the command and wants it to end well.
func shownHistory(t *testing.T, db *pgtest.Database, args ...string) string {
	t.Helper()
	r := run(t, of(db), append([]string{"history"}, args...)...).wantCode(t, 0)
	if r.stderr != "" {
		t.Errorf("history %v wrote to standard error: %s", args, r.stderr)
	}
	return r.stdout
}

func historyJSON(t *testing.T, db *pgtest.Database, args ...string) changeLog {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(shownHistory(t, db, append(args, "-o", "json")...)))
	decoder.DisallowUnknownFields()
	var log changeLog
	if err := decoder.Decode(&log); err != nil {
		t.Fatal(err)
	}
	return log
}

// onCall is a database with a past: team "old" had a row, team "new" has got
// one, and lost a server again; team "quiet" has nothing to repair.
func onCall(t *testing.T) *pgtest.Database {
	t.Helper()
	db := pgtest.New(t, pgtest.Newest)
	db.Server(t, "id-of-github", "github")
	db.Group(t, "general", "id-of-github", "wiki")
	db.Team(t, "new", "general")
	db.Team(t, "old", "general")
	db.Row(t, "own row", "direct")
	db.LinkTeam(t, "old", "own row")
	db.Team(t, "quiet")
	once(t, db, 0)
	db.SetGroup(t, "general", "id-of-github")
	once(t, db, 0)
	return db
}

// ids are the changes shown, by action and team.
func (l changeLog) actions() string {
	var list []string
	for _, c := range l.Changes {
		list = append(list, c.Action+" "+c.Team)
	}
	return strings.Join(list, ", ")
}

func TestHistoryShowsWhatPassesDidNewestFirst(t *testing.T) {
	t.Parallel()
	db := onCall(t)

	text := shownHistory(t, db, "new")

	const stamp = `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`
	const runLine = `  run [0-9a-f]{8}-[0-9a-f]{4}: once, policy managed, version dev, host .+\n`
	want := `^` + stamp + `  team new \("alias of new"\)  updated\n` + runLine +
		`  - wiki \(no group grants it any more\)\n` +
		`  before github, wiki\n  after  github\n  row    [0-9a-f-]{36}\n` +
		`\n` + stamp + `  team new \("alias of new"\)  created\n` + runLine +
		`  \+ id-of-github \("github"\) \(granted by group "name of general"\)\n` +
		`  \+ wiki \(granted by group "name of general"\)\n` +
		`  before no row\n  after  github, wiki\n  row    [0-9a-f-]{36}\n$`
	if !regexp.MustCompile(want).MatchString(text) {
		t.Errorf("got:\n%s", text)
	}
	wantTexts(t, shownHistory(t, db), "team new", "team old")

	log := historyJSON(t, db, "old")
	if len(log.Changes) != 2 || log.Truncated || log.Run != nil {
		t.Fatalf("got %+v", log)
	}
	got := log.Changes[1]
	for _, at := range []string{got.Time, got.Run.Started, *got.Run.Finished} {
		if parsed, err := time.Parse(time.RFC3339, at); err != nil || !strings.HasSuffix(at, "Z") || time.Since(parsed) > patience {
			t.Errorf("the time is %q", at)
		}
	}
	if got.Run.Host == "" || got.Run.ID == "" || got.ID == 0 {
		t.Errorf("got %+v", got)
	}
	got.ID, got.Time, got.Run.ID, got.Run.Started, got.Run.Finished, got.Run.Host = 0, "", "", "", nil, ""
	alias, ok, repaired, failed := "alias of old", "ok", 2, 0
	expected := loggedChange{
		Team: "old", Alias: &alias, Action: "updated", Row: "own row",
		Before: []string{"direct"}, After: []string{"direct", "id-of-github", "wiki"}, Added: []string{"id-of-github", "wiki"}, Removed: []string{},
		GrantedBy: map[string][]string{"id-of-github": {"general"}, "wiki": {"general"}},
		Run:       loggedRun{Trigger: "once", Policy: "managed", Version: "dev", Result: &ok, Repaired: &repaired, Failed: &failed},
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if created := historyJSON(t, db, "new").Changes[1]; created.Before != nil || created.PreviousRow != nil {
		t.Errorf("a team without a row had one: %+v", created)
	}
}

func TestHistoryNamesATeamByIDOrAlias(t *testing.T) {
	t.Parallel()
	db := onCall(t)
	for name, want := range map[string]string{
		"new": "updated new, created new", "alias of old": "updated old, updated old", "quiet": "",
	} {
		if got := historyJSON(t, db, name).actions(); got != want {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if got := shownHistory(t, db, "quiet"); got != "No changes of team quiet (\"alias of quiet\")\n" {
		t.Errorf("a team without changes: %q", got)
	}
	wantTexts(t, run(t, of(db), "history", "nobody").wantCode(t, 1).complaint(t), `history: no team has the id or alias "nobody"`)

	db.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET team_alias = 'same'`)
	wantTexts(t, run(t, of(db), "history", "same").wantCode(t, 1).complaint(t), `several teams have the alias "same"`, "by its id: new, old, quiet")
	// An id counts more than the same alias of somebody else.
	db.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET team_alias = 'new' WHERE team_id = 'old'`)
	if got := historyJSON(t, db, "new").actions(); got != "updated new, created new" {
		t.Errorf("got %s", got)
	}
	// LiteLLM and the grants forget a team, its history stays.
	db.DeleteTeam(t, "new")
	once(t, db, 0)
	if got := shownHistory(t, db, "new"); strings.Count(got, "  team new  ") != 2 {
		t.Errorf("of a deleted team: %s", got)
	}
}

func TestHistoryIsLimited(t *testing.T) {
	t.Parallel()
	db := onCall(t)
	text := shownHistory(t, db, "--limit", "3")
	if strings.Count(text, "  before ") != 3 || !strings.HasSuffix(text, "\n\n3 changes shown, and there are more: --limit 0 shows all\n") {
		t.Errorf("got %s", text)
	}
	for limit, want := range map[string]int{"0": 4, "1": 1, "3": 3, "4": 4, "5": 4} {
		if log := historyJSON(t, db, "--limit", limit); len(log.Changes) != want || log.Truncated != (want < 4) {
			t.Errorf("--limit %s: %d changes, truncated: %t", limit, len(log.Changes), log.Truncated)
		}
	}
	if text := shownHistory(t, db, "--limit", "4"); strings.Contains(text, "there are more") {
		t.Errorf("there are no more: %s", text)
	}
	// More than are held in memory at a time.
	db.Exec(t, `INSERT INTO litellm_reconciler.changes (run_id, team_id, object_permission_id, action, before, after, granted_by)
		SELECT run_id, 'many', 'row', 'updated', '{}', ARRAY['s' || n], '{}'
		FROM (SELECT run_id FROM litellm_reconciler.runs LIMIT 1) AS r, generate_series(1, 1200) AS n`)
	if log := historyJSON(t, db); len(log.Changes) != 20 || !log.Truncated {
		t.Errorf("without --limit: %d changes, truncated: %t", len(log.Changes), log.Truncated)
	}
	for limit, want := range map[string]int{"0": 1200, "500": 500, "1000": 1000, "1200": 1200} {
		log := historyJSON(t, db, "many", "--limit", limit)
		descending := slices.IsSortedFunc(log.Changes, func(a, b loggedChange) int { return int(b.ID - a.ID) })
		if len(log.Changes) != want || log.Truncated != (want < 1200) || !descending {
			t.Errorf("--limit %s: %d changes, truncated: %t, newest first: %t", limit, len(log.Changes), log.Truncated, descending)
		}
		if last := fmt.Sprintf("s%d", 1201-want); log.Changes[want-1].After[0] != last {
			t.Errorf("--limit %s: the last one is %v, want %s", limit, log.Changes[want-1].After, last)
		}
	}
}

func TestHistorySinceATimeInTheLocalZone(t *testing.T) {
	t.Parallel()
	db := onCall(t)
	db.Exec(t, `UPDATE litellm_reconciler.changes SET changed_at = '2020-07-01 11:30Z' WHERE action = 'created'`)
	db.Exec(t, `UPDATE litellm_reconciler.changes SET changed_at = now() - interval '3 days' WHERE team_id = 'old'`)
	e := of(db)
	e["TZ"] = "Europe/Berlin"
	for since, want := range map[string]int{
		"2020-07-01 13:30": 4, "2020-07-01 13:31": 3, "2020-07-01T11:30:00Z": 4, "2020-07-01T13:30:01+02:00": 3,
		"4d": 3, "48h": 1, "0s": 0,
	} {
		text := run(t, e, "history", "--since", since).wantCode(t, 0).stdout
		if got := strings.Count(text, "  before "); got != want {
			t.Errorf("--since %s: %d changes, want %d: %s", since, got, want, text)
		}
	}
	text := run(t, e, "history", "--since", "2020-07-01").wantCode(t, 0).stdout
	wantTexts(t, text, "Changes since 2020-07-01 00:00:00 CEST\n\n", "2020-07-01 13:30:00 CEST  team new")
	text = run(t, e, "history", "quiet", "--since", "2999-12-01T00:00:00Z").wantCode(t, 0).stdout
	if text != "No changes of team quiet (\"alias of quiet\") since 2999-12-01 01:00:00 CET\n" {
		t.Errorf("got %q", text)
	}
}

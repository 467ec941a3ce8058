package main

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
)

// undone is the JSON form of a revert or an adoption as others rely on it.
type undone struct {
	Teams []struct {
		Team     string   `json:"team"`
		Alias    string   `json:"team_alias"`
		Row      string   `json:"row"`
		Action   string   `json:"action"`
		Sentinel bool     `json:"sentinel"`
		Before   []string `json:"before"`
		After    []string `json:"after"`
		Removed  []string `json:"removed"`
		Adopted  []string `json:"adopted"`
		Disowned []string `json:"disowned"`
	} `json:"teams"`
	Summary undoSummary `json:"summary"`
}

type undoSummary struct {
	Result          string         `json:"result"`
	Error           string         `json:"error"`
	DryRun          bool           `json:"dry_run"`
	Teams           int            `json:"teams"`
	ServersRevoked  int            `json:"servers_revoked"`
	EntriesAdopted  int            `json:"entries_adopted"`
	EntriesDisowned int            `json:"entries_disowned"`
	CeilingsRemoved int            `json:"ceilings_removed"`
	RowsGivenUp     int            `json:"rows_given_up"`
	RowsDeleted     int            `json:"rows_deleted"`
	Forgotten       int            `json:"teams_forgotten"`
	Skipped         map[string]int `json:"skipped"`
	Failed          []any          `json:"failed"`
}

func (r result) undone(t *testing.T) (u undone) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(r.stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&u); err != nil {
		t.Fatalf("%v in %s", err, r.stdout)
	}
	return u
}

// repaired is a database after a first repair: of a team without a row before,
// of one with a row of its own, and of one that shares a row with a key.
func repaired(t *testing.T, v pgtest.Version) *pgtest.Database {
	t.Helper()
	db := pgtest.New(t, v)
	db.Group(t, "general", "github", "jira")
	db.Team(t, "new", "general")
	db.Team(t, "old", "general")
	db.Row(t, "own", "wiki", "jira")
	db.LinkTeam(t, "old", "own")
	db.Team(t, "shared", "general")
	db.Row(t, "row", "mail")
	db.LinkTeam(t, "shared", "row")
	db.Own(t, "LiteLLM_VerificationToken", "row")
	once(t, db, 0)
	return db
}

func TestRevertAllTakesBackWhatWasGranted(t *testing.T) {
	t.Parallel()
	for _, version := range pgtest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			db := repaired(t, version)

			before := db.Fingerprint(t)
			dry := run(t, of(db), "revert", "--all", "--dry-run").wantCode(t, 0)
			wantTexts(t, dry.stdout,
				`team new ("alias of new"): its row was made for it and holds nothing else, the team is left without one`,
				"  - github\n  - jira\n",
				`team old ("alias of old"): taken out of its row`,
				`team shared ("alias of shared"): its row was a copy, the team goes back to the one that it shared`,
				"Plan to revert: 3 teams, 5 servers taken back, 1 ceiling removed, 2 rows given up.")
			if db.Fingerprint(t) != before {
				t.Error("a dry run wrote something")
			}

			got := run(t, of(db), "revert", "--all", "--yes", "-o", "json").wantCode(t, 0).undone(t)
			want := undoSummary{
				Result: "ok", Teams: 3, ServersRevoked: 5, CeilingsRemoved: 1, RowsGivenUp: 2, RowsDeleted: 2,
				Skipped: counts(reasons, nil), Failed: []any{},
			}
			if diff := cmp.Diff(want, got.Summary); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
			if len(got.Teams) != 3 || got.Teams[1].Action != "updated" || got.Teams[1].Removed[0] != "github" {
				t.Errorf("teams: %+v", got.Teams)
			}
			wantServers(t, db, "old", "wiki", "jira")
			if db.RowID(t, "new") != "" || db.RowID(t, "shared") != "row" {
				t.Errorf("rows %q and %q, want none and the shared one", db.RowID(t, "new"), db.RowID(t, "shared"))
			}
			if left := orphans(t, db, version); len(left) > 0 {
				t.Errorf("rows left behind: %v", left)
			}
			wantTexts(t, run(t, of(db), "history", "--limit=3").wantCode(t, 0).stdout, "unlinked", "relinked", "- github (reverted)")
			wantTexts(t, run(t, of(db), "revert", "--all", "--yes").wantCode(t, 0).stdout, "Nothing to revert: the ledger owns nothing there.")
		})
	}
}

func TestARevertIsRecordedAsARunOfItsOwn(t *testing.T) {
	t.Parallel()
	db := repaired(t, pgtest.V1_83_14)
	id := pgtest.Scalar[string](t, db, `SELECT run_id::text FROM litellm_reconciler.runs`)
	run(t, of(db), "revert", "--yes", "--run", id).wantCode(t, 0)
	got := pgtest.Scalar[string](t, db, `SELECT trigger || ' ' || result || ' ' || reverted_run || ' ' || repaired
		FROM litellm_reconciler.runs WHERE trigger = 'revert'`)
	if want := "revert ok " + id + " 3"; got != want {
		t.Errorf("recorded as %q, want %q", got, want)
	}
	wantServers(t, db, "old", "wiki", "jira")

	again := run(t, of(db), "revert", "--yes", "--run", id).wantCode(t, 1)
	wantTexts(t, again.complaint(t), "run "+id+" was reverted already, by run ")

	once(t, db, 0)
	wantServers(t, db, "old", "wiki", "jira", "github")
}

func TestRevertOfOneTeamLeavesTheOthers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"old", "alias of old"} {
		db := repaired(t, pgtest.V1_83_14)
		wantTexts(t, run(t, of(db), "revert", "--yes", "--team", name).wantCode(t, 0).stdout, "Reverted: 1 team, 1 server taken back.")
		wantServers(t, db, "old", "wiki", "jira")
		wantServers(t, db, "new", "github", "jira")
	}
}

func TestRevertOfATeamThatLiteLLMDeletedForgetsIt(t *testing.T) {
	t.Parallel()
	db := repaired(t, pgtest.V1_83_14)
	db.DeleteTeam(t, "new")
	wantTexts(t, run(t, of(db), "revert", "--yes", "--team", "new").wantCode(t, 0).stdout,
		"team new: nothing of ours is in its row, the ledger forgets it", "Reverted: 0 teams, 1 team forgotten.")
	wantTexts(t, run(t, of(db), "revert", "--yes", "--team", "new").wantCode(t, 0).stdout, "Nothing to revert: the ledger owns nothing there.")
}

// A script may go on to drop the ledger: it must not while something is owned.
func TestARevertThatLeavesSomethingOwnedFails(t *testing.T) {
	t.Parallel()
	t.Run("in a row with a sentinel", func(t *testing.T) {
		t.Parallel()
		db := repaired(t, pgtest.Newest)
		db.SetServers(t, "own", "github", "all-proxy-mcpservers")
		wantTexts(t, run(t, of(db), "revert", "--all", "--yes").wantCode(t, 1).complaint(t), "1 team left alone (sentinel)")
	})
	t.Run("of a team that is locked", func(t *testing.T) {
		t.Parallel()
		db := repaired(t, pgtest.V1_83_14)
		tx, err := db.Pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
		if _, err := tx.Exec(t.Context(), `SELECT pg_advisory_xact_lock(hashtext('old'))`); err != nil {
			t.Fatal(err)
		}
		r := run(t, of(db), "revert", "--all", "--yes", "--repair-attempts=1", "-o", "json").wantCode(t, 1)
		if got := r.undone(t).Summary; got.Result != "partial" || got.Skipped["busy"] != 1 || got.Teams != 2 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAnAdoptionThatIsNotConfirmedInstallsNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	wantTexts(t, run(t, of(db), "adopt", "--all").wantCode(t, 64).complaint(t), "confirm with --yes")
	if hasLedger(t, db) {
		t.Error("the ledger was installed")
	}
}

func TestRevertRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	db := repaired(t, pgtest.V1_83_14)
	db.Team(t, "twin 1")
	db.Team(t, "twin 2")
	db.Team(t, "twin \x1b[31m3")
	db.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET team_alias = 'twin' WHERE team_id LIKE 'twin%'`)
	before := db.Fingerprint(t)
	for _, test := range []struct {
		args string
		code int
		says string
	}{
		{"revert", 64, "revert what? use one of --run ID, --team TEAM and --all"},
		{"revert --all --team old --yes", 64, "use one of"},
		{"revert --all", 64, "standard input is no terminal to ask on, confirm with --yes"},
		{"revert --all -o json", 64, "-o json cannot ask: use it with --yes or --dry-run"},
		{"revert --all --yes -o xml", 64, `--output "xml" is unknown`},
		{"revert --all --yes now", 64, `unknown command "now"`},
		{"revert --team nobody --yes", 1, `no team has the id or alias "nobody", neither in LiteLLM nor in the ledger`},
		{"revert --team twin --yes", 1, `several teams have the alias "twin", name one by its id: "twin \x1b[31m3", twin 1, twin 2`},
		{"revert --run 12 --yes", 64, `"12" is not the id of a run`},
		{"revert --run 01234567-0123-7123-8123-0123456789ab --yes", 1, "the ledger has no run 01234567-0123-7123-8123-0123456789ab"},
		{"adopt", 64, "adopt what? use one of --team TEAM and --all"},
		{"adopt --all", 64, "confirm with --yes"},
		{"adopt --team nobody --yes", 1, `no team has the id or alias "nobody"`},
	} {
		r := run(t, of(db), strings.Fields(test.args)...)
		wantTexts(t, r.wantCode(t, test.code).complaint(t), test.says)
	}
	if db.Fingerprint(t) != before {
		t.Error("something was written")
	}
}

func TestWithoutALedgerThereIsNothingToRevert(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	for _, scope := range []string{"--all", "--team=a", "--run=01234567-0123-7123-8123-0123456789ab"} {
		wantTexts(t, run(t, of(db), "revert", "--yes", scope).wantCode(t, 1).complaint(t),
			"revert: there is nothing to take back: the ledger is not installed")
	}
	if hasLedger(t, db) {
		t.Error("the ledger was installed")
	}
}

func TestRevertWithoutAnyChangeToRunSaysWhy(t *testing.T) {
	t.Parallel()
	db := repaired(t, pgtest.V1_83_14)
	id := pgtest.Scalar[string](t, db, `SELECT run_id::text FROM litellm_reconciler.runs`)
	db.SetGroup(t, "general", "wiki")
	once(t, db, 0, "--allow-revokes")
	wantTexts(t, run(t, of(db), "revert", "--yes", "--run", id[:13]).wantCode(t, 1).complaint(t),
		"nothing is left of run "+id)
}

// onTerminal runs the program on a terminal of its own and types the input.
// Standard output and standard error are one there.
func onTerminal(t *testing.T, e env, input string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := command(ctx, t, e, args...)
	cmd.Env = append(cmd.Env, "TERM=xterm")
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	defer func() { _ = terminal.Close() }()
	if _, err := io.WriteString(terminal, input); err != nil {
		t.Error(err)
	}
	output, _ := io.ReadAll(terminal) // it ends in an error when the program does
	_ = cmd.Wait()                    // the exit code says more
	return result{cmd.ProcessState.ExitCode(), strings.ReplaceAll(string(output), "\r\n", "\n"), ""}
}

func TestRevertAsksOnATerminal(t *testing.T) {
	t.Parallel()
	for answer, code := range map[string]int{"yes\n": 0, "y\n": 1, "\n": 1, "\x04": 1} {
		t.Run(strings.TrimSpace(answer), func(t *testing.T) {
			t.Parallel()
			db := repaired(t, pgtest.V1_83_14)
			r := onTerminal(t, of(db), answer, "revert", "--team", "old").wantCode(t, code)
			wantTexts(t, r.stdout, "\x1b[1mteam old", "stop the daemon and its cron jobs first", "Type yes to go on: ")
			if code == 0 {
				wantTexts(t, r.stdout, "Reverted: 1 team")
				wantServers(t, db, "old", "wiki", "jira")
			} else {
				wantTexts(t, r.stdout, "nothing was written: not confirmed")
				wantServers(t, db, "old", "wiki", "jira", "github")
			}
		})
	}
}

func TestAdoptOwnsWhatWasRepairedByHand(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "general", "github")
	db.Team(t, "a", "general")
	db.Row(t, "row", "wiki", "github")
	db.LinkTeam(t, "a", "row")
	before := db.Fingerprint(t)

	if got := run(t, of(db), "adopt", "--all", "--dry-run").wantCode(t, 1).complaint(t); !strings.Contains(got, "migrate up") {
		t.Errorf("a dry run without a ledger says: %s", got)
	}
	text := run(t, of(db), "adopt", "--all", "--yes").wantCode(t, 0).stdout
	wantTexts(t, text, `team a ("alias of a"): owned from now on, the row stays as it is`, "  = github\n",
		"Adopted: 1 team, 1 server adopted.")
	if db.Fingerprint(t) != before {
		t.Error("an adoption wrote to LiteLLM's tables")
	}
	id := pgtest.Scalar[string](t, db, `SELECT run_id::text FROM litellm_reconciler.runs`)
	wantTexts(t, run(t, of(db), "history").wantCode(t, 0).stdout, "adopted", "= github (now owned; granted by group")

	got := run(t, of(db), "revert", "--yes", "-o", "json", "--run", id).wantCode(t, 0).undone(t)
	if got.Summary.EntriesDisowned != 1 || got.Summary.EntriesAdopted+got.Summary.ServersRevoked != 0 || len(got.Teams[0].Disowned) != 1 || got.Teams[0].Action != "disowned" {
		t.Errorf("the revert of an adoption: %+v", got)
	}
	run(t, of(db), "adopt", "--team", "a", "--yes").wantCode(t, 0)
	db.SetTeamGroups(t, "a")
	once(t, db, 0)
	wantServers(t, db, "a", "wiki")
}

// The name of a team may hold anything, also what would draw on a terminal.
func TestNamesAreShownOnOneLine(t *testing.T) {
	t.Parallel()
	db := repaired(t, pgtest.V1_83_14)
	db.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET team_alias = E'a\n\x1b[31mb' WHERE team_id = 'old'`)
	wantTexts(t, run(t, of(db), "revert", "--all", "--dry-run").wantCode(t, 0).stdout, `team old ("a\n\x1b[31mb"): `)
}

package main

import (
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

func TestHistoryOfARun(t *testing.T) {
	t.Parallel()
	db := onCall(t)
	id := historyJSON(t, db).Changes[3].Run.ID

	text := shownHistory(t, db, "--run", id)
	wantTexts(t, text, "run "+id+"\n", "  by        once, policy managed, version dev, host ", "UTC, after ", "  result    ok: 2 teams written, 0 failed\n")
	if strings.Count(text, "run ") != 1 || strings.Count(text, "  before ") != 2 {
		t.Errorf("the run is not shown once, with its changes: %s", text)
	}
	log := historyJSON(t, db, "--run", strings.ToUpper(id[:18]), "--limit", "1")
	if len(log.Changes) != 1 || !log.Truncated || log.Run == nil || log.Run.ID != id || *log.Run.Repaired != 2 {
		t.Errorf("got %+v", log)
	}
	if got := historyJSON(t, db, "new", "--run", id).actions(); got != "created new" {
		t.Errorf("of one team: %s", got)
	}
	wantTexts(t, shownHistory(t, db, "quiet", "--run", id), "run "+id, "No changes of team quiet")

	twin := id[:34] + map[bool]string{true: "01", false: "00"}[strings.HasSuffix(id, "00")]
	db.Exec(t, `INSERT INTO litellm_reconciler.runs (run_id, started_at, trigger, policy, version, host)
		VALUES ($1, now(), 'schedule', 'managed', 'dev', 'x'), ('ffffffff-0000-7000-8000-000000000000', now(), 'event', 'managed', 'dev', 'x')`, twin)
	wantTexts(t, run(t, of(db), "history", "--run", id[:20]).wantCode(t, 1).complaint(t), "begin with "+id[:20], id, twin)
	wantTexts(t, shownHistory(t, db, "--run", "ffffffff"), "finished  no: interrupted, or still running\n", "No changes\n")
	if log := historyJSON(t, db, "--run", "ffffffff"); log.Changes == nil || len(log.Changes) != 0 || log.Run.Finished != nil || log.Run.RevertedBy == nil {
		t.Errorf("got %+v", log)
	}
	wantTexts(t, run(t, of(db), "history", "--run", "00000000-0000").wantCode(t, 1).complaint(t), "the ledger has no run 00000000-0000")
}

func TestHistoryTellsAnInterruptedRun(t *testing.T) {
	t.Parallel()
	db := onCall(t)
	db.Exec(t, `UPDATE litellm_reconciler.runs SET finished_at = NULL, result = NULL, repaired = NULL, failed = NULL`)
	wantTexts(t, shownHistory(t, db), ", not finished: interrupted, or still running\n")
	log := historyJSON(t, db)
	if r := log.Changes[0].Run; r.Finished != nil || r.Result != nil || r.Repaired != nil || r.Failed != nil {
		t.Errorf("got %+v", r)
	}
}

func TestHistoryOfAdoptionsAndReverts(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Newest)
	db.Group(t, "general", "github", "jira")
	db.Team(t, "by hand", "general")
	db.Row(t, "row", "own", "github", "jira")
	db.LinkTeam(t, "by hand", "row")
	db.Team(t, "new", "general")
	once(t, db, 0)
	pass := historyJSON(t, db, "new").Changes[0].Run.ID
	run(t, of(db), "adopt", "--team", "by hand", "--yes").wantCode(t, 0)
	adoption := historyJSON(t, db, "by hand").Changes[0].Run.ID
	run(t, of(db), "revert", "--run", adoption, "--yes").wantCode(t, 0)
	run(t, of(db), "revert", "--run", pass, "--yes").wantCode(t, 0)

	if got := historyJSON(t, db).actions(); got != "unlinked new, disowned by hand, adopted by hand, created new" {
		t.Errorf("got %s", got)
	}
	wantTexts(t, shownHistory(t, db, "by hand"),
		"  adopted\n", ": adopt, policy managed", "  = github (now owned; granted by group \"name of general\")\n  = jira (now owned; ",
		"  disowned\n", ": revert of run "+adoption[:13]+", policy managed", "  ~ github (the administrator's again)\n")
	wantTexts(t, shownHistory(t, db, "new"), "  unlinked\n", "  - github (reverted)\n  - jira (reverted)\n  before github, jira\n  after  nothing\n", "and now the team has none\n")
	log := historyJSON(t, db, "--run", pass)
	if len(log.Run.RevertedBy) != 1 {
		t.Fatalf("got %+v", log.Run)
	}
	wantTexts(t, shownHistory(t, db, "--run", pass), "was taken back by run "+log.Run.RevertedBy[0]+"\n")
	wantTexts(t, shownHistory(t, db, "--run", log.Run.RevertedBy[0]), "took back run "+pass+"\n")
	if got := historyJSON(t, db, "--run", log.Run.RevertedBy[0]).Run.Reverts; got == nil || *got != pass {
		t.Errorf("the revert says that it took back %v", got)
	}
}

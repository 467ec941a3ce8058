package main

import (
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

func TestHistoryNeedsToReadNoMoreThanTheLedger(t *testing.T) {
	t.Parallel()
	db := onCall(t)
	role := env{"DATABASE_URL": db.Role(t, "reader")}
	statements := obey(t, db, run(t, role, "history").wantCode(t, 1))
	if strings.Contains(statements, "INSERT") || strings.Contains(statements, "UPDATE") {
		t.Errorf("rights to write are asked for: %s", statements)
	}

	r := run(t, role, "history", "new").wantCode(t, 0)
	wantTexts(t, r.stdout, "  team new  created\n", "  + id-of-github (granted by group general)\n")
	wantTexts(t, r.stderr, "aliases of teams are not shown", "names of servers and access groups are not shown", "permission denied")
	if r := run(t, role, "history", "-o", "json").wantCode(t, 0); strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stdout, `"team_alias": null`) {
		t.Errorf("got %+v", r)
	}
	wantTexts(t, run(t, role, "history", "alias of new").wantCode(t, 1).complaint(t), "LiteLLM's teams cannot be read", "permission denied")
}

// The server itself keeps the history from writing: here every look at a change
// would write, if it could.
func TestHistoryReadsInAReadOnlyTransaction(t *testing.T) {
	t.Parallel()
	db := onCall(t)
	db.Exec(t, `CREATE TABLE public.looks (n int)`)
	db.Exec(t, `CREATE FUNCTION public.note_look() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
		BEGIN INSERT INTO public.looks VALUES (1); RETURN true; END $$`)
	db.Exec(t, `ALTER TABLE litellm_reconciler.runs ENABLE ROW LEVEL SECURITY`)
	db.Exec(t, `CREATE POLICY noted ON litellm_reconciler.runs USING (public.note_look())`)
	reader := env{"DATABASE_URL": db.Role(t, "reader",
		"GRANT USAGE ON SCHEMA {schema}, litellm_reconciler TO {role}",
		"GRANT SELECT ON ALL TABLES IN SCHEMA {schema}, litellm_reconciler TO {role}")}
	for _, args := range [][]string{{}, {"--run", historyJSON(t, db).Changes[0].Run.ID}} {
		wantTexts(t, run(t, reader, append([]string{"history"}, args...)...).wantCode(t, 1).complaint(t), "takes no writes")
	}
}

func TestHistoryQuotesWhatCouldMoveTheCursor(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Newest)
	db.Group(t, "general", "evil\x1b[2J")
	db.Team(t, "team\n2026-01-01", "general")
	db.Exec(t, `UPDATE {schema}."LiteLLM_TeamTable" SET team_alias = E'\x1b]0;title\x07'`)
	once(t, db, 0)
	text := shownHistory(t, db)
	wantTexts(t, text, `team "team\n2026-01-01" ("\x1b]0;title\a")  created`, `+ "evil\x1b[2J" (granted`)
	if strings.ContainsAny(text, "\x1b\x07") {
		t.Errorf("got %q", text)
	}
}

func TestHistoryExplainsWhatItCannotDo(t *testing.T) {
	t.Parallel()
	db := onCall(t)
	for name, test := range map[string]struct {
		args  []string
		code  int
		texts []string
	}{
		"a time that is none":    {[]string{"--since", "yesterday"}, 64, []string{`--since "yesterday"`, "90m, 24h or 7d", "2006-01-02", "local time zone (UTC)", "RFC 3339"}},
		"an empty time":          {[]string{"--since", ""}, 64, []string{`--since ""`}},
		"a negative duration":    {[]string{"--since=-1h"}, 64, []string{`--since "-1h"`}},
		"a negative limit":       {[]string{"--limit", "-1"}, 64, []string{"--limit -1 is negative", "0 for no limit"}},
		"a limit that is none":   {[]string{"--limit", "all"}, 64, []string{"--limit", "all"}},
		"a run that is none":     {[]string{"--run", "the last one"}, 64, []string{"--run", "the last one", "not the id of a run"}},
		"too short a run":        {[]string{"--run", "0198c3d"}, 64, []string{"not the id of a run", "first eight characters"}},
		"an empty run":           {[]string{"--run", ""}, 64, []string{"not the id of a run"}},
		"an empty team":          {[]string{""}, 64, []string{"the name of the team is empty"}},
		"two teams":              {[]string{"new", "old"}, 64, []string{"at most 1 arg"}},
		"another form of output": {[]string{"-o", "yaml"}, 64, []string{`"yaml"`, "text or json"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, of(db), append([]string{"history"}, test.args...)...).wantCode(t, test.code)
			wantTexts(t, r.complaint(t), test.texts...)
			if r.stdout != "" {
				t.Errorf("standard output has %s", r.stdout)
			}
		})
	}
}

func TestHistoryNeedsALedger(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Newest)
	wantTexts(t, run(t, of(db), "history").wantCode(t, 1).complaint(t), "history: the ledger is not installed", "litellm-reconciler migrate up")
	if hasLedger(t, db) {
		t.Error("the ledger was installed")
	}
	run(t, of(db), "migrate", "up").wantCode(t, 0)
	if got := shownHistory(t, db); got != "No changes\n" {
		t.Errorf("of an empty ledger: %q", got)
	}
	if got := shownHistory(t, db, "-o", "json"); got != "{\n  \"changes\": [],\n  \"truncated\": false\n}\n" {
		t.Errorf("of an empty ledger: %q", got)
	}
	// LiteLLM may be gone, the ledger still tells what was done.
	db.Exec(t, `ALTER TABLE {schema}."LiteLLM_TeamTable" RENAME TO teams`)
	r := run(t, of(db), "history").wantCode(t, 0)
	wantTexts(t, r.stdout, "No changes")
	wantTexts(t, r.stderr, "are not shown")
}

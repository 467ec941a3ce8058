package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
)

// sqlOf returns the SQL that the README gives under a heading.
func sqlOf(t *testing.T, heading string) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)\n## " + heading + "\n.*?```sql\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatalf("the README has no SQL under %q", heading)
	}
	return string(block[1])
}

func TestTheReadmesSQLLeavesWhatAdministratorsGranted(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "general", "github", "jira")
	db.Team(t, "new", "general")
	db.Team(t, "old", "general")
	db.Row(t, "row", "wiki", "github", "mail")
	db.LinkTeam(t, "old", "row")
	once(t, db, 0)

	wantOneChange := pgtest.Scalar[int](t, db, "SELECT count(*)::int FROM ("+
		trimSemicolon(sqlOf(t, "What it changes, and what it never touches"))+") AS h WHERE team_id = 'new'")
	if wantOneChange != 1 {
		t.Errorf("the README's look at the history shows %d changes of the team, want 1", wantOneChange)
	}

	conn, err := db.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Conn().PgConn().Exec(t.Context(), sqlOf(t, "Leaving again")).ReadAll(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"wiki", "github", "mail"}, db.Servers(t, "old")); diff != "" {
		t.Error(diff)
	}
	if got := db.Servers(t, "new"); len(got) != 0 {
		t.Errorf("what was granted is still there: %v", got)
	}
}

func trimSemicolon(sql string) string { return regexp.MustCompile(`;\s*$`).ReplaceAllString(sql, "") }

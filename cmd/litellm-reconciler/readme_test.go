package main

import (
	"os"
	"regexp"
	"testing"

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

func TestTheReadmesLookAtTheHistoryWorks(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "general", "github", "jira")
	db.Team(t, "new", "general")
	once(t, db, 0)
	changes := pgtest.Scalar[int](t, db, "SELECT count(*)::int FROM ("+
		trimSemicolon(sqlOf(t, "What it changes, and what it never touches"))+") AS h WHERE team_id = 'new'")
	if changes != 1 {
		t.Errorf("the README's look at the history shows %d changes of the team, want 1", changes)
	}
}

func trimSemicolon(sql string) string { return regexp.MustCompile(`;\s*$`).ReplaceAllString(sql, "") }

package postgres_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/pkg/postgres"
)

func TestGrantsTakesAStatementForEachTableAndPrivilege(t *testing.T) {
	t.Parallel()
	got := postgres.Grants([]postgres.Right{
		{Schema: "s", Privilege: "USAGE"},
		{Schema: "s", Table: "T", Column: "b", Privilege: "SELECT"},
		{Schema: "s", Table: "U", Column: "x", Privilege: "SELECT"},
		{Schema: "s", Table: "T", Column: "b", Privilege: "UPDATE"},
		{Schema: "s", Table: "T", Column: `a "quoted" one`, Privilege: "SELECT"},
		{Schema: "s", Table: "T", Column: "b", Privilege: "SELECT"}, // once more
		{Schema: "s", Table: "U", Privilege: "SELECT"},              // makes that of the column needless
		{Schema: "other", Table: "T", Column: "b", Privilege: "SELECT"},
	}, `ro"le`)
	want := []string{
		`GRANT USAGE ON SCHEMA "s" TO "ro""le"`,
		`GRANT SELECT ("b", "a ""quoted"" one") ON "s"."T" TO "ro""le"`,
		`GRANT SELECT ON "s"."U" TO "ro""le"`,
		`GRANT UPDATE ("b") ON "s"."T" TO "ro""le"`,
		`GRANT SELECT ("b") ON "other"."T" TO "ro""le"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := postgres.Grants(nil, "role"); len(got) != 0 {
		t.Errorf("of no rights: %q", got)
	}
}

package litellm_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

// readGroups reads the groups, and lets every team of the database join.
func readGroups(t *testing.T, db *pgtest.Database) (*litellm.Groups, map[string]litellm.Membership) {
	t.Helper()
	pool, err := postgres.Open(t.Context(), db.URL, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	var groups *litellm.Groups
	members := map[string]litellm.Membership{}
	err = pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		groups, err = litellm.ReadGroups(t.Context(), tx, postgres.Names{LiteLLM: db.Schema})
		if err != nil {
			return err
		}
		rows, err := tx.Query(t.Context(), `SELECT team_id, access_group_ids FROM "LiteLLM_TeamTable"`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			raw := rows.RawValues()
			id := string(raw[0])
			if members[id], err = groups.Join(raw[0], raw[1]); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return groups, members
}

// The whole scan rests on this: a fingerprint worked out here is what Postgres
// says of an array with the same entries.
func TestTheFingerprintOfAUnionIsPostgresHashOfIt(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "one", "b", "a", "ü", "", "a")
	db.Group(t, "two", "c", "a", "a long name, with \"quotes\" and {braces}")
	db.Group(t, "none")
	for i, list := range [][]string{{}, {"none"}, {"one"}, {"two", "one"}, {"one", "two", "one"}, {"nowhere", "two"}} {
		db.Team(t, fmt.Sprint(i), list...)
	}

	groups, members := readGroups(t, db)

	if !groups.Comparable() || groups.Len() != 3 {
		t.Fatalf("comparable %v, %d groups", groups.Comparable(), groups.Len())
	}
	for id, m := range members {
		list := pgtest.Scalar[[]string](t, db, `SELECT access_group_ids FROM "LiteLLM_TeamTable" WHERE team_id = $1`, id)
		union := groups.Union(list)
		if !slices.IsSorted(union) || len(union) != m.Servers {
			t.Errorf("team %s: union %v, %d servers", id, union, m.Servers)
		}
		if want := pgtest.Scalar[int64](t, db, "SELECT hash_array_extended($1::text[], 0)", union); m.Fingerprint != want {
			t.Errorf("team %s: fingerprint %d, Postgres says %d", id, m.Fingerprint, want)
		}
	}
	if got := members["5"].Dangling; got != 1 {
		t.Errorf("dangling: %d, want 1", got)
	}
	if diff := cmp.Diff([]string{"a", "b", "ü"}, groups.Union([]string{"one"})); diff != "" {
		t.Error(diff)
	}
}

func TestMismatchesAreGroupsThatDisagreeWithTheTeams(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	for _, group := range []string{"agrees", "lists too many", "lists too few", "lists another"} {
		db.Group(t, group, "github")
	}
	db.Team(t, "a", "agrees", "lists too many", "lists too few", "agrees")
	db.Team(t, "b", "agrees", "lists another")
	for group, teams := range map[string][]string{
		"agrees": {"b", "a"}, "lists too many": {"a", "deleted"}, "lists too few": {}, "lists another": {"a"},
	} {
		db.Exec(t, `UPDATE "LiteLLM_AccessGroupTable" SET assigned_team_ids = $2 WHERE access_group_id = $1`, group, teams)
	}
	groups, _ := readGroups(t, db)
	if got := groups.Mismatches(); got != 3 {
		t.Errorf("mismatches: %d, want 3", got)
	}
}

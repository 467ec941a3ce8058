package explain

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
)

// The demo tells in a line of SQL what proxies before v1.88 let a key use, as
// long as nothing but mcp_servers of key and team comes into it.
func TestKeysMayUseBeforeGroupsWhatTheDemoSays(t *testing.T) {
	t.Parallel()
	sql, err := os.ReadFile("../../internal/demo/keys.sql")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			db := pgtest.New(t, pgtest.Versions()[random.IntN(4)])
			ids := []string{"s1", "s2", "s3", "s4", "s5"}
			for _, id := range ids {
				db.Server(t, id, "name of "+id)
			}
			db.Group(t, "general", "s1", "s2")
			row := func(name string) any {
				if random.IntN(4) == 0 {
					return nil
				}
				random.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
				db.Row(t, name, ids[:random.IntN(4)]...)
				return name
			}
			for i := range 6 {
				db.Exec(t, `INSERT INTO {schema}."LiteLLM_TeamTable" (team_id, object_permission_id, access_group_ids)
					VALUES ($1, $2, '{general}')`, fmt.Sprint("team ", i), row(fmt.Sprint("row of team ", i)))
			}
			for i := range 20 {
				db.Exec(t, `INSERT INTO {schema}."LiteLLM_VerificationToken" (token, key_alias, team_id, object_permission_id)
					VALUES ($1, $1, $2, $3)`, fmt.Sprint("key ", i), fmt.Sprint("team ", random.IntN(7)), row(fmt.Sprint("row of key ", i)))
			}
			rows, err := db.Pool.Query(t.Context(), string(sql))
			if err != nil {
				t.Fatal(err)
			}
			want := map[string][]string{}
			var key, team string
			var own, usable []string
			_, err = pgx.ForEachRow(rows, []any{&key, &team, &own, &usable}, func() error {
				want[key] = slices.Sorted(slices.Values(usable))
				own, usable = nil, nil
				return nil
			})
			if err != nil || len(want) != 20 {
				t.Fatalf("%d keys: %v", len(want), err)
			}

			e := open(t, db)
			got := map[string][]string{}
			for key := range want {
				r, err := e.Explain(t.Context(), key, "")
				if err != nil {
					t.Fatal(err)
				}
				got[key] = []string{}
				for _, s := range r.Servers {
					if s.Before.Allowed {
						got[key] = append(got[key], s.ID)
					}
				}
			}

			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

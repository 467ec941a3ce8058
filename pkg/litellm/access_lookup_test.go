package litellm_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

func TestKeysOfAnyExpiryAreRead(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	names := postgres.Names{LiteLLM: db.Schema}
	catalog, err := litellm.Inspect(t.Context(), db.Pool, names)
	if err != nil {
		t.Fatal(err)
	}
	for stored, want := range map[string]string{
		"": "never", "infinity": "never",
		"2026-07-01 03:00:00.123": "2026-07-01T03:00:00.123Z",
		"-infinity":               "0001-01-01T00:00:00Z",
		"0044-03-15 BC":           "0001-01-01T00:00:00Z",
		"12026-01-01":             "9999-12-31T00:00:00Z",
	} {
		db.Exec(t, `INSERT INTO {schema}."LiteLLM_VerificationToken" (token, key_alias, expires)
			VALUES ($1, $1, nullif($2, '')::timestamp)`, "until "+stored, stored)
		keys, err := litellm.ReadKeys(t.Context(), db.Pool, names, catalog, "until "+stored)
		if err != nil || len(keys) != 1 {
			t.Errorf("%q: %d keys, %v", stored, len(keys), err)
			continue
		}
		got := "never"
		if expires := keys[0].Expires; expires != nil {
			got = expires.Format(time.RFC3339Nano)
			if _, err := json.Marshal(expires); err != nil {
				t.Errorf("%q: %v", stored, err)
			}
		}
		if got != want {
			t.Errorf("%q is %s, want %s", stored, got, want)
		}
	}
}

// Whatever order the column has, as "a" before "B" in most languages.
func TestTeamsAndKeysComeInTheOrderOfBytes(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	names := postgres.Names{LiteLLM: db.Schema}
	db.Exec(t, `CREATE COLLATION {schema}.letters (provider = icu, locale = 'en')`)
	for _, table := range []string{"LiteLLM_TeamTable", "LiteLLM_VerificationToken"} {
		db.Exec(t, fmt.Sprintf(`ALTER TABLE {schema}.%q ALTER team_id TYPE text COLLATE {schema}.letters`, table))
	}
	want := []string{"B", "C", "a", "ä"}
	for i, team := range []string{"ä", "C", "a", "B"} {
		db.Team(t, team)
		db.Key(t, fmt.Sprint("token ", i), team)
	}
	catalog, err := litellm.Inspect(t.Context(), db.Pool, names)
	if err != nil {
		t.Fatal(err)
	}

	teams, err := litellm.ReadTeamsByID(t.Context(), db.Pool, names, want)
	if err != nil {
		t.Fatal(err)
	}
	var ofTeams, ofKeys []string
	for _, team := range teams {
		ofTeams = append(ofTeams, team.ID)
	}
	err = litellm.EachKeyOfTeams(t.Context(), db.Pool, names, catalog, want, func(k litellm.KeyAccess) error {
		ofKeys = append(ofKeys, k.Team)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff([][]string{want, want}, [][]string{ofTeams, ofKeys}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

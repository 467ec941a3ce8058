//go:build faults

package faults_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
)

func TestATeamThatAnotherSessionHoldsKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	for name, lock := range map[string]string{
		"its row of the team table": `SELECT FROM {schema}."LiteLLM_TeamTable" WHERE team_id = 'held' FOR UPDATE`,
		"its permission row":        `SELECT FROM {schema}."LiteLLM_ObjectPermissionTable" WHERE object_permission_id = 'row' FOR UPDATE`,
		"LiteLLM's advisory lock":   `SELECT pg_advisory_xact_lock(hashtext('held'))`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_88)
			i := inject(t, "a team locked by another session: "+name)
			db.Group(t, "dev", "github")
			db.Team(t, "held", "dev")
			db.Row(t, "row", "direct")
			db.LinkTeam(t, "held", "row")
			const others = 30
			for n := range others {
				db.Team(t, fmt.Sprintf("team %02d", n), "dev")
			}
			start(t, of(db), "--guard-max-revoked-fraction=1")
			has := func(team string, want ...string) error {
				if got := db.Servers(t, team); !slices.Equal(got, want) {
					return fmt.Errorf("team %q has %q, not %q", team, got, want)
				}
				return nil
			}
			eventually(t, func() error { return has("held", "direct", "github") })

			tx, err := db.Pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
			if _, err := tx.Exec(t.Context(), strings.ReplaceAll(lock, "{schema}.", "")); err != nil {
				t.Fatal(err)
			}
			i.add()
			began, round := time.Now(), 0
			for ; time.Since(began) < byTheClock(); round++ {
				server := "server " + strconv.Itoa(round)
				db.SetGroup(t, "dev", server)
				i.longest("the others at most after", eventually(t, func() error {
					for n := range others {
						if err := has(fmt.Sprintf("team %02d", n), server); err != nil {
							return err
						}
					}
					return nil
				}))
				if err := has("held", "direct", "github"); err != nil {
					i.mistake(t, "while it is locked, %v", err)
				}
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			i.longest("itself once free after", eventually(t, func() error {
				return has("held", "direct", "server "+strconv.Itoa(round-1))
			}))
			i.measure("held for %.0f s, in which the others were repaired %d times", time.Since(began).Seconds(), round)
		})
	}
}

//go:build faults

package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// spend counts a request's cost, as LiteLLM does all the time.
func (l *litellm) spend(ctx context.Context) error {
	tag, err := l.pool.Exec(ctx, `UPDATE "LiteLLM_TeamTable" SET spend = spend + 1 WHERE team_id = $1`, l.teams[0])
	l.spends.Add(tag.RowsAffected())
	if err == nil {
		_, err = l.pool.Exec(ctx, `UPDATE "LiteLLM_TeamTable" SET spend = spend + 1 WHERE team_id = $1`, l.someTeam())
	}
	return err
}

// editGroup changes what a group grants.
func (l *litellm) editGroup(ctx context.Context) error {
	servers := []string{}
	for range rand.IntN(4) {
		servers = append(servers, fmt.Sprintf("server-%d", rand.IntN(12)))
	}
	_, err := l.pool.Exec(ctx, `UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = $2, updated_at = now() WHERE access_group_id = $1`,
		l.groups[rand.IntN(len(l.groups))], servers)
	return err
}

// assignGroups is access_group_endpoints.py: in one transaction the group, and
// then its teams, read, changed and written one by one without a lock.
func (l *litellm) assignGroups(ctx context.Context) error {
	group := l.groups[rand.IntN(len(l.groups))]
	return pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE "LiteLLM_AccessGroupTable" SET updated_at = now() WHERE access_group_id = $1`, group); err != nil {
			return err
		}
		teams := []string{l.someTeam(), l.someTeam()}
		slices.Sort(teams) // LiteLLM does not; its own deadlocks are not ours to count
		for _, id := range slices.Compact(teams) {
			var groups []string
			if err := tx.QueryRow(ctx, `SELECT access_group_ids FROM "LiteLLM_TeamTable" WHERE team_id = $1`, id).Scan(&groups); err != nil {
				return err
			}
			think(3 * time.Millisecond)
			if at := slices.Index(groups, group); at >= 0 {
				groups = slices.Delete(groups, at, at+1)
			} else {
				groups = append(groups, group)
			}
			if _, err := tx.Exec(ctx, `UPDATE "LiteLLM_TeamTable" SET access_group_ids = $2 WHERE team_id = $1`, id, groups); err != nil {
				return err
			}
		}
		return nil
	})
}

// replaceTeam deletes a team, whose row LiteLLM leaves behind, and makes another
// one. The first team stays, for its spending is counted.
func (l *litellm) replaceTeam(ctx context.Context) error {
	added := "team-" + uuid.NewString()
	l.mu.Lock()
	at := 1 + rand.IntN(len(l.teams)-1)
	removed := l.teams[at]
	l.teams[at] = added
	l.mu.Unlock()
	if _, err := l.pool.Exec(ctx, `DELETE FROM "LiteLLM_TeamTable" WHERE team_id = $1`, removed); err != nil {
		return err
	}
	think(50 * time.Millisecond)
	_, err := l.pool.Exec(ctx, `INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, models, admins, members, access_group_ids)
		VALUES ($1, $1, '{}', '{}', '{}', $2)`, added, []string{l.groups[rand.IntN(len(l.groups))]})
	think(50 * time.Millisecond)
	return err
}

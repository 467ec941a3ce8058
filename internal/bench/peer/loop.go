package peer

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	loopTeams = `SELECT team_id FROM "LiteLLM_TeamTable" WHERE cardinality(access_group_ids) > 0 AND ($1 = '' OR $1 = ANY (access_group_ids))`
	loopTeam  = `SELECT t.object_permission_id, t.access_group_ids, p.mcp_servers, o.servers
		FROM "LiteLLM_TeamTable" AS t
		LEFT JOIN "LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)
		LEFT JOIN by_hand.owned AS o ON o.team_id = t.team_id AND o.object_permission_id = t.object_permission_id
		WHERE t.team_id = $1`
	loopUnion  = `SELECT DISTINCT unnest(access_mcp_server_ids) COLLATE "C" FROM "LiteLLM_AccessGroupTable" WHERE access_group_id = ANY ($1) ORDER BY 1`
	loopInsert = `INSERT INTO "LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers) VALUES ($1, $2)`
	loopLink   = `UPDATE "LiteLLM_TeamTable" SET object_permission_id = $2 WHERE team_id = $1 AND object_permission_id IS NULL`
	loopUpdate = `UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = $2 WHERE object_permission_id = $1`
	loopOwn    = `INSERT INTO by_hand.owned (team_id, object_permission_id, servers) VALUES ($1, $2, $3)
		ON CONFLICT (team_id) DO UPDATE SET object_permission_id = excluded.object_permission_id, servers = excluded.servers`
	loopLog = `INSERT INTO by_hand.changes (team_id, object_permission_id, before, after, groups) VALUES ($1, $2, $3, $4, $5)`
)

// loop repairs one team after the other, each in a transaction of its own, as a hook in LiteLLM or a script does.
func loop(ctx context.Context, conn *pgx.Conn, group string) (int, error) {
	rows, err := conn.Query(ctx, loopTeams, group)
	if err != nil {
		return 0, err
	}
	teams, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, err
	}
	drifted := 0
	for _, team := range teams {
		wrote, err := one(ctx, conn, team)
		if err != nil {
			return drifted, fmt.Errorf("team %s: %w", team, err)
		}
		if wrote {
			drifted++
		}
	}
	return drifted, nil
}

func one(ctx context.Context, conn *pgx.Conn, team string) (wrote bool, err error) {
	var row *string
	var groups, before, owned []string
	if err := conn.QueryRow(ctx, loopTeam, team).Scan(&row, &groups, &before, &owned); err != nil {
		return false, err
	}
	found, err := conn.Query(ctx, loopUnion, groups)
	if err != nil {
		return false, err
	}
	union, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return false, err
	}
	after, owns := merge(before, owned, union)
	if slices.Equal(before, after) {
		return false, nil
	}
	return true, pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		id := uuid.NewString()
		if row != nil {
			id = *row
			if _, err := tx.Exec(ctx, loopUpdate, id, after); err != nil {
				return err
			}
		} else {
			if _, err := tx.Exec(ctx, loopInsert, id, after); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, loopLink, team, id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, loopOwn, team, id, owns); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, loopLog, team, id, before, after, groups)
		return err
	})
}

// merge takes out what is owned and granted no more, and appends what is missing.
func merge(before, owned, union []string) (after, owns []string) {
	after, owns = []string{}, []string{}
	for _, s := range before {
		if slices.Contains(union, s) || !slices.Contains(owned, s) {
			after = append(after, s)
		}
	}
	for _, s := range union {
		missing := !slices.Contains(before, s)
		if missing {
			after = append(after, s)
		}
		if missing || slices.Contains(owned, s) {
			owns = append(owns, s)
		}
	}
	return after, owns
}

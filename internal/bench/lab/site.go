package lab

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/internal/bench/peer"
	"litellm-reconciler/internal/bench/results"
	"litellm-reconciler/internal/pgtest"
)

// Site is an installation of one size: databases that others are copied from.
type Site struct {
	*Lab
	Teams int
	// missing has no permission row, inSync has them all, with what the program and what a hand-written repair remember.
	missing, inSync string
	// still is a copy of inSync for what writes nothing.
	still string
	// digests are of the rows that the first peer left, by work.
	digests map[string]string
}

// popular is how rare the teams are that have the popular group.
const popular = 10

// Build makes the databases. It is what takes longest at a large size.
func (l *Lab) Build(ctx context.Context, teams int) (*Site, error) {
	s := &Site{Lab: l, Teams: teams, digests: map[string]string{}}
	var err error
	if s.missing, err = s.populate(ctx); err != nil {
		return nil, err
	}
	if s.inSync, err = s.repaired(ctx); err != nil {
		return nil, err
	}
	s.still, err = l.clone(ctx, s.inSync)
	return s, err
}

// Close drops the databases, to have room for the next size.
func (s *Site) Close(ctx context.Context) error { return s.drop(ctx, s.missing, s.inSync, s.still) }

func (s *Site) populate(ctx context.Context) (string, error) {
	s.serial++
	name := fmt.Sprintf("bench_%d_missing_%d", s.Teams, s.serial)
	url, err := s.server.CreateDatabase(ctx, name, pgtest.Newest)
	if err != nil {
		return "", err
	}
	s.created = append(s.created, name)
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return "", fmt.Errorf("connecting to the new database: %w", err)
	}
	err = pgtest.Populate(ctx, pool, "public", pgtest.PopulateOptions{
		Teams: s.Teams, Groups: 2000, Servers: 1024, ServersPerGroup: 8, GroupsPerTeam: 3, Popular: popular, Missing: s.Teams,
	})
	pool.Close()
	if err != nil {
		return "", err
	}
	if _, err := s.run(ctx, s.Binary, s.env(name), "migrate", "up"); err != nil {
		return "", err
	}
	err = s.with(ctx, name, func(conn *pgx.Conn) error { return peer.Install(ctx, conn) })
	return name, err
}

// repaired is the state that the program leaves, packed, so that no run pays for how it came to be.
func (s *Site) repaired(ctx context.Context) (string, error) {
	name, err := s.clone(ctx, s.missing)
	if err != nil {
		return "", err
	}
	if _, err := s.run(ctx, s.Binary, s.env(name), "--once", "-o", "json"); err != nil {
		return "", err
	}
	if err := s.with(ctx, name, func(conn *pgx.Conn) error { return peer.Remember(ctx, conn) }); err != nil {
		return "", err
	}
	return name, s.do(ctx, name, `VACUUM (FULL, ANALYZE) "LiteLLM_TeamTable"`, `VACUUM (ANALYZE)`)
}

// alias numbers the teams, as they were populated.
const alias = `substr(t.team_alias, 6)::int`

// Drift is what is done to a copy before a work begins, and to what is no copy, so that it is in memory as those are.
var drift = map[string]string{
	results.Nothing: `SET enable_indexonlyscan = off;
		SELECT (SELECT count(*) FROM "LiteLLM_TeamTable"), (SELECT count(*) FROM "LiteLLM_ObjectPermissionTable"),
			(SELECT count(*) FROM litellm_reconciler.grants), (SELECT count(*) FROM by_hand.owned)`,
	// As if LiteLLM had written a row back that it read before.
	results.Few: `UPDATE "LiteLLM_ObjectPermissionTable" AS p SET mcp_servers = p.mcp_servers[2:]
		FROM "LiteLLM_TeamTable" AS t WHERE t.object_permission_id = p.object_permission_id AND ` + alias + ` % 1000 = 0`,
	results.Revoke: `UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{}'`,
	results.Group: `UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = access_mcp_server_ids[2:] || '{added}'
		WHERE access_group_name = 'group 1'`,
}

// drifted is how many teams that concerns, by work. A new server is in no row yet.
var drifted = map[string]string{
	results.Nothing: `SELECT 0`,
	results.Few:     `SELECT count(*) FROM "LiteLLM_TeamTable" AS t WHERE ` + alias + ` % 1000 = 0`,
	results.Missing: `SELECT count(*) FROM "LiteLLM_TeamTable"`,
	results.Revoke:  `SELECT count(*) FROM "LiteLLM_TeamTable"`,
	results.Group: `SELECT count(*) FROM "LiteLLM_TeamTable" AS t JOIN "LiteLLM_AccessGroupTable" AS g ON g.access_group_id = ANY (t.access_group_ids)
		WHERE g.access_group_name = 'group 1'`,
}

// state returns a database in the state that a work begins with, how many teams drifted, and what gives it up again.
func (s *Site) state(ctx context.Context, work string) (name string, teams int, done func() error, err error) {
	done = func() error { return s.drop(context.WithoutCancel(ctx), name) }
	switch {
	case !writes(work):
		name, done = s.still, func() error { return nil }
	case work == results.Missing:
		name, err = s.clone(ctx, s.missing)
	default:
		name, err = s.clone(ctx, s.inSync)
	}
	if err != nil {
		return "", 0, nil, err
	}
	err = s.with(ctx, name, func(conn *pgx.Conn) error {
		if sql := drift[work]; sql != "" {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return fmt.Errorf("preparing work %s: %w", work, err)
			}
		}
		return conn.QueryRow(ctx, drifted[work]).Scan(&teams)
	})
	return name, teams, done, err
}

// digest is equal for databases whose teams have the same servers.
const digest = `SELECT count(*) || ' teams, ' || coalesce(sum(hashtextextended(t.team_id || ARRAY(SELECT unnest(p.mcp_servers) ORDER BY 1)::text, 0)::numeric), 0)
	FROM "LiteLLM_TeamTable" AS t LEFT JOIN "LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)`

// agree fails where the peer left other rows than the one before it.
func (s *Site) agree(ctx context.Context, database, work, who string) error {
	var got string
	err := s.with(ctx, database, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, digest).Scan(&got) })
	if err != nil {
		return fmt.Errorf("comparing the rows that %s left: %w", who, err)
	}
	if want := s.digests[work]; want != "" && got != want {
		return fmt.Errorf("%s left other rows than the peer before it in work %s: %s, want %s", who, work, got, want)
	}
	s.digests[work] = got
	return nil
}

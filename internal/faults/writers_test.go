//go:build faults

package faults_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/internal/pgtest"
)

// direct marks the servers that administrators put into rows; no group grants
// them.
const direct = "direct-"

// litellm is LiteLLM's side: what writes beside the daemon, the way LiteLLM
// does it, and its own account of what it wrote.
type litellm struct {
	pool   *pgxpool.Pool
	groups []string

	count  atomic.Int64 // writes of all kinds
	spends atomic.Int64
	mu     sync.Mutex
	teams  []string
	codes  map[string]int // SQLSTATEs of writes that failed
	lost   []string       // writes that the next one did not find
}

// newLiteLLM sets the account up in a schema of its own.
func newLiteLLM(t *testing.T, db *pgtest.Database, teams, groups []string) *litellm {
	t.Helper()
	db.Exec(t, `CREATE SCHEMA account;
		CREATE TABLE account.rows (seq bigserial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(),
			row_id text, servers text[], direct text[], vector_stores text[]);
		CREATE INDEX ON account.rows (row_id, seq);
		CREATE TABLE account.links (seq bigserial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(), team_id text, row_id text)`)
	config, err := pgxpool.ParseConfig(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 12
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return &litellm{pool: pool, teams: teams, groups: groups, codes: map[string]int{}}
}

// write lets all writers go on until ctx is done.
func (l *litellm) write(ctx context.Context) {
	var writers sync.WaitGroup
	for kind, n := range map[*func(context.Context) error]int{
		ptr(l.editRow): 3, ptr(l.spend): 2, ptr(l.editGroup): 1, ptr(l.assignGroups): 2, ptr(l.replaceTeam): 1,
	} {
		for range n {
			writers.Go(func() {
				for ctx.Err() == nil {
					// What was begun is ended: half a write is another test's.
					l.note((*kind)(context.WithoutCancel(ctx)))
					think(10 * time.Millisecond)
				}
			})
		}
	}
	writers.Wait()
}

func ptr[T any](v T) *T { return &v }

// think takes LiteLLM's time between two statements.
func think(most time.Duration) { time.Sleep(rand.N(most)) }

func (l *litellm) note(err error) {
	l.count.Add(1)
	var refused *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, pgx.ErrNoRows): // a team that is gone
	case errors.As(err, &refused):
		l.mu.Lock()
		l.codes[refused.Code]++
		l.mu.Unlock()
	default:
		l.mu.Lock()
		l.codes[err.Error()]++
		l.mu.Unlock()
	}
}

func (l *litellm) someTeam() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.teams[rand.IntN(len(l.teams))]
}

// editRow is an administrator who adds or removes a server of a team:
// handle_update_object_permission_common reads the row, merges, and upserts all
// of it, without a lock; then the team is linked to it.
func (l *litellm) editRow(ctx context.Context) error {
	id := l.someTeam()
	var linked *string
	var servers, stores []string
	err := l.pool.QueryRow(ctx, `SELECT t.object_permission_id, p.mcp_servers, p.vector_stores
		FROM "LiteLLM_TeamTable" AS t LEFT JOIN "LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)
		WHERE t.team_id = $1`, id).Scan(&linked, &servers, &stores)
	if err != nil {
		return err
	}
	think(20 * time.Millisecond)
	if at := slices.IndexFunc(servers, isDirect); at >= 0 && rand.IntN(2) == 0 {
		servers = slices.Delete(servers, at, at+1)
	} else {
		servers = append(servers, direct+rand5())
	}
	stores = []string{"store-" + rand5()}
	row := uuid.NewString()
	if linked != nil {
		row = *linked
	}
	err = pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if err := l.audit(ctx, tx, row); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO "LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers, vector_stores) VALUES ($1, $2, $3)
			ON CONFLICT (object_permission_id) DO UPDATE SET mcp_servers = excluded.mcp_servers, vector_stores = excluded.vector_stores`,
			row, servers, stores)
		if err != nil {
			return err
		}
		// Under the row's lock, so that the account is in the order of the writes.
		_, err = tx.Exec(ctx, `INSERT INTO account.rows (row_id, servers, direct, vector_stores) VALUES ($1, $2, $3, $4)`,
			row, servers, onlyDirect(servers), stores)
		return err
	})
	if err != nil {
		return err
	}
	think(5 * time.Millisecond)
	return pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE "LiteLLM_TeamTable" SET object_permission_id = $2, updated_at = now() WHERE team_id = $1`, id, row)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO account.links (team_id, row_id) VALUES ($1, $2)`, id, row)
		return err
	})
}

// audit checks that a row is as LiteLLM wrote it last, but for what groups may
// grant. It takes the lock that the write is about to take in any case.
func (l *litellm) audit(ctx context.Context, tx pgx.Tx, row string) error {
	var servers, stores, wantServers, wantStores []string
	err := tx.QueryRow(ctx, `SELECT mcp_servers, vector_stores FROM "LiteLLM_ObjectPermissionTable"
		WHERE object_permission_id = $1 FOR NO KEY UPDATE`, row).Scan(&servers, &stores)
	if err == nil {
		err = tx.QueryRow(ctx, `SELECT direct, vector_stores FROM account.rows WHERE row_id = $1 ORDER BY seq DESC LIMIT 1`,
			row).Scan(&wantServers, &wantStores)
	}
	if errors.Is(err, pgx.ErrNoRows) { // LiteLLM's first write of it
		return nil
	}
	if err == nil && (!slices.Equal(onlyDirect(servers), wantServers) || !slices.Equal(stores, wantStores)) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lost = append(l.lost, fmt.Sprintf("row %s has %q, %q; written were %q, %q", row, servers, stores, wantServers, wantStores))
	}
	return err
}

func isDirect(server string) bool { return strings.HasPrefix(server, direct) }

func onlyDirect(servers []string) []string {
	return slices.DeleteFunc(append([]string{}, servers...), func(s string) bool { return !isDirect(s) })
}

func rand5() string { return fmt.Sprintf("%05d", rand.IntN(100_000)) }

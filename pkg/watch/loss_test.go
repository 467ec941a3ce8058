package watch_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/watch"
)

// state is all that a team's repair depends on.
const state = `SELECT t.team_id, concat_ws(' | ', t.access_group_ids::text, p.mcp_servers::text,
		(SELECT string_agg(g.access_mcp_server_ids::text, ' ' ORDER BY g.access_group_id)
		 FROM "LiteLLM_AccessGroupTable" AS g WHERE g.access_group_id = ANY (t.access_group_ids))) AS state
	FROM "LiteLLM_TeamTable" AS t LEFT JOIN "LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)
	WHERE cardinality(t.access_group_ids) > 0`

var errCrash = errors.New("crash")

// daemon goes through the queue once. A repair writes down what it saw, unless the daemon crashes.
func daemon(t *testing.T, w watch.Watch, crashes bool) error {
	if _, err := w.Collect(t.Context()); err != nil {
		return err
	}
	items, err := w.Take(t.Context(), 3)
	if err != nil {
		return err
	}
	for _, item := range items {
		err := pgx.BeginFunc(t.Context(), w.Pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), `SELECT pg_advisory_xact_lock(hashtext($1))`, item.Team); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), `INSERT INTO seen SELECT * FROM (`+state+`) AS s WHERE team_id = $1
				ON CONFLICT (team_id) DO UPDATE SET state = excluded.state`, item.Team); err != nil {
				return err
			}
			var q pgx.Batch
			watch.QueueDone(&q, w.Names, []watch.Item{item}, func(time.Duration) {})
			if err := tx.SendBatch(t.Context(), &q).Close(); err != nil {
				return err
			}
			if crashes && rand.N(4) == 0 {
				return errCrash
			}
			return nil
		})
		if err != nil && !errors.Is(err, errCrash) {
			return err
		}
	}
	return nil
}

// edits makes random changes, some of them rolled back, as LiteLLM's own transactions may be by a deadlock.
func edits(t *testing.T, pool *pgxpool.Pool) {
	pick := func(kind string, n int) string { return fmt.Sprintf("%s %d", kind, rand.N(n)) }
	for range 60 {
		_ = pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			for range 1 + rand.N(3) {
				var err error
				switch rand.N(6) {
				case 0:
					_, err = tx.Exec(t.Context(), `UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = ARRAY[$2] WHERE access_group_id = $1`, pick("group", 4), pick("server", 1e9))
				case 1:
					_, err = tx.Exec(t.Context(), `UPDATE "LiteLLM_ObjectPermissionTable" SET mcp_servers = ARRAY[$2] WHERE object_permission_id = $1`, pick("row", 12), pick("server", 1e9))
				case 2:
					_, err = tx.Exec(t.Context(), `UPDATE "LiteLLM_TeamTable" SET object_permission_id = $2 WHERE team_id = $1`, pick("team", 12), pick("row", 12))
				case 3:
					_, err = tx.Exec(t.Context(), `UPDATE "LiteLLM_TeamTable" SET spend = spend + 1 WHERE team_id = $1`, pick("team", 12))
				default:
					_, err = tx.Exec(t.Context(), `UPDATE "LiteLLM_TeamTable" SET access_group_ids = ARRAY[$2, $3] WHERE team_id = $1`, pick("team", 12), pick("group", 4), pick("group", 4))
				}
				if err != nil {
					return err
				}
			}
			if rand.N(5) == 0 {
				return errCrash
			}
			return nil
		})
	}
}

// The law of the queue: whatever overlaps, crashes or is rolled back, once the queue is empty every team was repaired
// from what it is now.
func TestNoChangeIsLost(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	b.Exec(t, `CREATE TABLE seen (team_id text PRIMARY KEY, state text)`)
	for i := range 4 {
		b.Group(t, fmt.Sprint("group ", i), "github")
	}
	for i := range 12 {
		b.Row(t, fmt.Sprint("row ", i))
		b.Team(t, fmt.Sprint("team ", i), fmt.Sprint("group ", i%4))
	}
	pool := open(t, b.URL)
	var writers, daemons sync.WaitGroup
	for range 3 {
		writers.Go(func() { edits(t, pool) })
	}
	stop := make(chan struct{})
	for range 2 {
		daemons.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := daemon(t, b.Watch, true); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	daemons.Wait()
	for {
		if err := daemon(t, b.Watch, false); err != nil {
			t.Fatal(err)
		}
		backlog, err := b.Backlog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if backlog.Entries+backlog.Teams == 0 {
			break
		}
	}
	if n := pgtest.Scalar[int](t, b.Database, `SELECT count(*) FROM (`+state+`) AS s LEFT JOIN seen USING (team_id) WHERE seen.state IS DISTINCT FROM s.state`); n > 0 {
		t.Errorf("%d teams were last repaired from something else", n)
	}
	known := pgtest.Scalar[int](t, b.Database, `SELECT count(*) FROM "LiteLLM_TeamTable" AS t LEFT JOIN litellm_reconciler.teams AS k USING (team_id)
		WHERE (t.object_permission_id, t.access_group_ids) IS DISTINCT FROM (k.object_permission_id, k.groups)`)
	same(t, "teams of which something else is known", known, 0)
}

package lease_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/pkg/lease"
)

// writes is a log of what was written under which term. The ids are drawn by the transactions as they write.
const writes = `CREATE TABLE {ledger}.writes (id bigint GENERATED ALWAYS AS IDENTITY, term bigint, holder text)`

// write writes into the log as a repair does into LiteLLM's tables: behind the fence. In between it naps.
func write(ctx context.Context, pool *pgxpool.Pool, f lease.Fence, idle, nap time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var q pgx.Batch
		q.Queue(`SELECT set_config('idle_in_transaction_session_timeout', $1::int::text, true)`, idle.Milliseconds())
		f.Queue(&q, names)
		if err := tx.SendBatch(ctx, &q).Close(); err != nil {
			return err
		}
		time.Sleep(nap)
		_, err := tx.Exec(ctx, names.SQL(`INSERT INTO {ledger}.writes (term, holder) VALUES ($1, $2)`), f.Term, f.Holder)
		return err
	})
}

// wantTermsInOrder wants no write of a term after one of a later term, and no term of two holders.
func (b *bundle) wantTermsInOrder(t *testing.T) {
	t.Helper()
	if n := scalar[int](t, b, `SELECT count(*) FROM (SELECT term, lag(term) OVER (ORDER BY id) AS before FROM {ledger}.writes) AS w WHERE term < before`); n != 0 {
		t.Errorf("%d writes after one of a later term", n)
	}
	if n := scalar[int](t, b, `SELECT count(*) FROM (SELECT term FROM {ledger}.writes GROUP BY term HAVING count(DISTINCT holder) > 1) AS w`); n != 0 {
		t.Errorf("%d terms of several holders", n)
	}
}

// joinWriter starts a copy that writes as long as it leads, without minding how long ago it was told to.
func (b *bundle) joinWriter(t *testing.T, name string) *member {
	t.Helper()
	pool := open(t, b.URL)
	return b.joinWith(t, name, func(ctx context.Context, f lease.Fence) {
		for ctx.Err() == nil {
			idle, nap := time.Duration(0), rand.N(2*time.Millisecond)
			if rand.IntN(20) == 0 {
				nap = rand.N(b.duration * 3 / 2)
			}
			if rand.IntN(2) == 0 {
				idle = lease.IdleTimeout(b.duration)
			}
			if err := write(context.WithoutCancel(ctx), pool, f, idle, nap); err != nil {
				time.Sleep(time.Millisecond)
			}
		}
	})
}

func TestTermsNeverInterleaveWhateverHappensToTheCopies(t *testing.T) {
	t.Parallel()
	for _, copies := range []int{2, 3} {
		t.Run(fmt.Sprintf("%d copies", copies), func(t *testing.T) {
			t.Parallel()
			b := setup(t, brief/2)
			b.exec(t, writes)
			const goal = 15
			copied := make([]*member, copies)
			for i := range copied {
				copied[i] = b.joinWriter(t, fmt.Sprint(i))
			}
			trouble := []func(*member) (gone bool){
				func(c *member) bool { c.kill(); return true },
				func(c *member) bool { c.stop(); return true },
				func(c *member) bool { c.clock.forward(b.duration); return false },
				func(c *member) bool { c.wire.hush(); return false },
				func(c *member) bool { c.wire.cut(); return false },
				func(*member) bool {
					b.exec(t, `UPDATE {ledger}.lease SET expires_at = clock_timestamp()`)
					return false
				},
			}
			eventually(t, "there were many terms", func() bool {
				i := rand.IntN(copies)
				for j, c := range copied { // rather one that leads
					if c.Status().Leading {
						i = j
					}
				}
				if trouble[rand.IntN(len(trouble))](copied[i]) {
					copied[i] = b.joinWriter(t, fmt.Sprint(i))
				}
				time.Sleep(rand.N(b.duration))
				copied[i].wire.mend()
				return scalar[int](t, b, `SELECT count(DISTINCT term) FROM {ledger}.writes`) >= goal
			})
			for _, c := range copied {
				c.stop()
			}
			b.wantTermsInOrder(t)
			if n := scalar[int](t, b, `SELECT count(DISTINCT holder) FROM {ledger}.writes`); n < 2 {
				t.Errorf("only %d holders in %d terms", n, goal)
			}
		})
	}
}

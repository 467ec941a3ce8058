package lease_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/lease"
)

func TestTheFenceLetsThroughWhoLeads(t *testing.T) {
	t.Parallel()
	mine := lease.Fence{Holder: "me", Term: 7}
	for name, c := range map[string]struct {
		write string
		over  bool
	}{
		"its own term":                {`UPDATE {ledger}.lease SET name = name`, false},
		"a renewed term":              {`UPDATE {ledger}.lease SET expires_at = expires_at + interval '1 day'`, false},
		"the next term":               {`UPDATE {ledger}.lease SET term = 8, holder = 'other'`, true},
		"the next term of its own":    {`UPDATE {ledger}.lease SET term = 8`, true},
		"an older one, from a backup": {`UPDATE {ledger}.lease SET term = 6`, true},
		"the same term of another":    {`UPDATE {ledger}.lease SET holder = 'other'`, true},
		"a term that has expired":     {`UPDATE {ledger}.lease SET expires_at = clock_timestamp()`, true},
		"no row":                      {`DELETE FROM {ledger}.lease`, true},
		"the row of something else":   {`UPDATE {ledger}.lease SET name = 'other'`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, steady)
			b.exec(t, `INSERT INTO {ledger}.lease VALUES ('daemon', 'me', 7, now(), now() + interval '1 minute')`)
			b.exec(t, c.write)
			b.check(t, mine, c.over)
		})
	}
}

// The clock goes on while a transaction does: now() would not notice.
func TestTheFenceGoesByTheClockAndNotByWhenTheTransactionBegan(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	b.exec(t, `INSERT INTO {ledger}.lease VALUES ('daemon', 'me', 1, now(), now())`)
	tx, err := b.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	var began time.Time
	if err := tx.QueryRow(t.Context(), "SELECT now()").Scan(&began); err != nil {
		t.Fatal(err)
	}
	b.exec(t, `UPDATE {ledger}.lease SET expires_at = clock_timestamp()`) // after it began
	if err := verify(t.Context(), tx, lease.Fence{Holder: "me", Term: 1}); err == nil {
		t.Error("lets an expired term through")
	}
}

func TestAFenceThatWaitsForATakeoverSeesIt(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	b.exec(t, `INSERT INTO {ledger}.lease VALUES ('daemon', 'me', 1, now(), now() + interval '1 minute')`)
	taker := begin(t, b)
	do(t, taker, `SELECT FROM {ledger}.lease FOR UPDATE`)
	said := make(chan error)
	tx := begin(t, b)
	go func() { said <- verify(t.Context(), tx, lease.Fence{Holder: "me", Term: 1}) }()
	eventually(t, "the fence waits", func() bool { return b.waiting(t, "FOR KEY SHARE") })
	do(t, taker, `UPDATE {ledger}.lease SET term = 2, holder = 'other'`)
	if err := taker.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantLost(t, <-said)
}

func TestRenewalsGoOnBesideATransactionWithTheFence(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	leader := b.join(t, "first")
	f := leader.leads(t)
	tx, err := b.begin(t, f.Fence)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	eventually(t, "the lease outlives its duration", func() bool { return b.expires(t).After(began.Add(b.duration + b.duration/2)) })
	if err := tx.Commit(t.Context()); err != nil || f.ctx.Err() != nil {
		t.Errorf("commit: %v, leader: %v", err, f.ctx.Err())
	}
}

func TestATakeoverWaitsForTheTransactionInFlight(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	leader := b.join(t, "first")
	f := leader.leads(t)
	tx, err := b.begin(t, f.Fence)
	if err != nil {
		t.Fatal(err)
	}
	next := b.join(t, "second")
	leader.kill()
	eventually(t, "the second waits", func() bool { return b.waiting(t, "FOR UPDATE") })
	expires := b.expires(t)
	eventually(t, "it has given up waiting once", func() bool { return time.Now().After(expires.Add(b.duration / 3)) })
	next.follows(t)
	// Late, and nobody minds: the next term begins after it.
	do(t, tx, `CREATE TABLE {ledger}.written ()`)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := next.leads(t); f.Term != 2 {
		t.Errorf("leads in term %d", f.Term)
	}
	b.check(t, f.Fence, true)
}

func TestAFrozenTransactionHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	leader := b.join(t, "first")
	f := leader.leads(t)
	next := b.join(t, "second")
	tx, err := b.begin(t, f.Fence)
	if err != nil {
		t.Fatal(err)
	}
	freeze(t, tx, b.duration)
	leader.kill()
	expires := b.expires(t)
	took := next.leads(t)
	if late := took.at.Sub(expires); took.Term != 2 || late > b.duration/2 {
		t.Errorf("leads in term %d, %s after the lease expired", took.Term, late)
	}
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("the frozen transaction was committed")
	}
}

// freeze has the server end the transaction should its client freeze now.
func freeze(t *testing.T, tx pgx.Tx, duration time.Duration) {
	t.Helper()
	limit := lease.IdleTimeout(duration).Milliseconds()
	if _, err := tx.Exec(t.Context(), `SELECT set_config('idle_in_transaction_session_timeout', $1::int::text, true)`, limit); err != nil {
		t.Fatal(err)
	}
}

func TestAnIdleTransactionEndsBeforeTheLeaseWouldExpire(t *testing.T) {
	t.Parallel()
	if got := lease.IdleTimeout(15 * time.Second); got != 3*time.Second {
		t.Errorf("of a lease of 15s: %s", got)
	}
}

// What the candidate waited for may have written the row.
func TestARowThatWasWrittenMeanwhileIsTakenAsItIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		write string
		want  int64 // 0: somebody else leads
	}{
		"and free still":      {`UPDATE {ledger}.lease SET term = 40, holder = 'other'`, 41},
		"and free no more":    {`UPDATE {ledger}.lease SET term = 40, expires_at = now() + interval '1 minute'`, 0},
		"its lock given back": {`SELECT`, 6},
		"and gone":            {`DELETE FROM {ledger}.lease`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, steady)
			b.exec(t, `INSERT INTO {ledger}.lease VALUES ('daemon', 'other', 5, 'epoch', 'epoch')`)
			tx := begin(t, b)
			do(t, tx, `SELECT FROM {ledger}.lease FOR NO KEY UPDATE`)
			m := b.join(t, "first")
			eventually(t, "the campaign waits", func() bool { return b.waiting(t, "FOR UPDATE") })
			do(t, tx, c.write)
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c.want == 0 {
				eventually(t, "the other is known", func() bool { return m.Status().Term == 40 })
				m.follows(t)
			} else if f := m.leads(t); f.Term != c.want {
				t.Errorf("leads in term %d, want %d", f.Term, c.want)
			}
		})
	}
}

// The server must not elect a copy that nobody hears of any more.
func TestACandidateThatVanishesWhileItWaitsIsNotElected(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	b.exec(t, `INSERT INTO {ledger}.lease VALUES ('daemon', 'other', 5, 'epoch', 'epoch')`)
	tx := begin(t, b)
	do(t, tx, `SELECT FROM {ledger}.lease FOR KEY SHARE`)
	m := b.join(t, "first")
	eventually(t, "the campaign waits", func() bool { return b.waiting(t, "FOR UPDATE") })
	m.wire.hush()
	eventually(t, "nobody waits", func() bool { return !b.waiting(t, "FOR UPDATE") })
	do(t, tx, `COMMIT`)
	if next := b.join(t, "second").leads(t); next.Term != 6 {
		t.Errorf("leads in term %d", next.Term)
	}
}

func TestACandidateThatIsStoppedWhileItWaitsIsNotElected(t *testing.T) {
	t.Parallel()
	b := setup(t, 10*time.Minute)
	b.exec(t, `INSERT INTO {ledger}.lease VALUES ('daemon', 'other', 5, 'epoch', 'epoch')`)
	tx := begin(t, b)
	do(t, tx, `SELECT FROM {ledger}.lease FOR KEY SHARE`)
	m := b.join(t, "first")
	eventually(t, "the campaign waits", func() bool { return b.waiting(t, "FOR UPDATE") })
	m.stop()
	if err := m.Status().Err; err != nil {
		t.Errorf("that it was stopped is taken for a failure: %v", err)
	}
	eventually(t, "nobody waits", func() bool { return !b.waiting(t, "FOR UPDATE") })
	do(t, tx, `COMMIT`)
	if next := b.join(t, "second").leads(t); next.Term != 6 {
		t.Errorf("leads in term %d", next.Term)
	}
}

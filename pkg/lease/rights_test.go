package lease_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/postgres"
)

func TestACopyThatCanNeverLeadKnowsWhichRightItLacks(t *testing.T) {
	t.Parallel()
	for i, right := range lease.Rights(names) {
		t.Run(right.Privilege, func(t *testing.T) {
			t.Parallel()
			b := setup(t, steady)
			var grants []string
			for _, statement := range postgres.Grants(slices.Delete(lease.Rights(names), i, i+1), "{role}") {
				grants = append(grants, strings.ReplaceAll(statement, `"{role}"`, "{role}"))
			}
			b.url = b.Role(t, "limited", grants...)
			m := b.join(t, "first")
			eventually(t, "it cannot", func() bool { return m.Status().Err != nil })
			err := m.Status().Err
			if !postgres.MissingRight(err) || !strings.Contains(err.Error(), "GRANT "+right.Privilege) {
				t.Fatalf("got %v", err)
			}
			m.follows(t)
			_, statements, _ := strings.Cut(err.Error(), "tables: ")
			b.Exec(t, statements)
			if f := m.leads(t); f.Term != 1 || m.Status().Err != nil {
				t.Errorf("term %d, status %+v after what it said was done", f.Term, m.Status())
			}
		})
	}
}

func TestRightsSufficeForAllThatALeaderDoes(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	b.url = b.Role(t, "limited")
	pool := open(t, b.url)
	b.Exec(t, postgres.GrantStatements(lease.Rights(names), pool.Config().ConnConfig.User))
	m := b.join(t, "first")
	f := m.leads(t)
	if err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error { return verify(t.Context(), tx, f.Fence) }); err != nil {
		t.Error(err)
	}
	eventually(t, "it is renewed", func() bool { return b.expires(t).After(f.at.Add(b.duration + b.duration/2)) })
	m.stop()
	b.check(t, f.Fence, true)
}

func TestWithoutItsTableNobodyLeads(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	m := b.join(t, "first")
	f := m.leads(t)
	b.exec(t, `DROP TABLE {ledger}.lease`)
	if _, err := b.begin(t, f.Fence); !postgres.MissingObject(err) {
		t.Errorf("the fence says %v", err)
	}
	_, cause := f.loses(t)
	wantLost(t, cause)
	eventually(t, "it knows why", func() bool { return postgres.MissingObject(m.Status().Err) })
}

func TestAServerThatTakesNoWritesHasNoLeader(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	set := func(to string) { // for new sessions: one begun on a server that was demoted stays as it is
		b.Exec(t, `ALTER DATABASE "`+b.Name+`" SET default_transaction_read_only = `+to)
	}
	set("on")
	m := b.join(t, "first")
	eventually(t, "it knows why", func() bool {
		err := m.Status().Err
		return err != nil && strings.Contains(err.Error(), "connect to the primary")
	})
	m.follows(t)
	conn, err := pgx.Connect(t.Context(), b.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	for _, sql := range []string{"SET default_transaction_read_only = off", `ALTER DATABASE "` + b.Name + `" RESET default_transaction_read_only`} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	m.leads(t)
}

func TestInstallationsInOneDatabaseHaveChannelsOfTheirOwn(t *testing.T) {
	t.Parallel()
	one := lease.Channel(postgres.Names{Ledger: "one"})
	other := lease.Channel(postgres.Names{Ledger: "other"})
	long := lease.Channel(postgres.Names{Ledger: strings.Repeat("long", 15)})
	if one == other || len(long) > 63 {
		t.Errorf("%s, %s, %s", one, other, long)
	}
}

func TestCopiesGetAlongBehindAPooler(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	b.url = b.Pooled(t, "transaction")
	leader, next := b.join(t, "first"), b.join(t, "second")
	f := first(t, leader, next)
	if f.Holder == next.Status().Holder && next.Status().Leading {
		leader, next = next, leader
	}
	pool := open(t, b.url)
	work, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = work.Rollback(context.WithoutCancel(t.Context())) }()
	if err := verify(t.Context(), work, f.Fence); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is renewed beside the work", func() bool { return b.expires(t).After(f.at.Add(b.duration + b.duration/2)) })
	next.follows(t)
	freeze(t, work, b.duration)
	leader.stop()
	if took := next.leads(t); took.Term != 2 {
		t.Errorf("the next one leads in term %d", took.Term)
	}
	if err := work.Commit(t.Context()); err == nil {
		t.Error("the frozen transaction was committed")
	}
}

// A session of the pooler serves others next.
func TestACampaignLeavesTheSessionAsItWas(t *testing.T) {
	t.Parallel()
	b := setup(t, steady)
	b.url = b.Pooled(t, "transaction")
	m := b.join(t, "first")
	m.leads(t)
	m.stop()
	conn, err := pgx.Connect(t.Context(), b.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	var timeout string
	if err := conn.QueryRow(t.Context(), "SHOW lock_timeout").Scan(&timeout); err != nil || timeout != "0" {
		t.Errorf("lock_timeout is %s, error %v", timeout, err)
	}
}

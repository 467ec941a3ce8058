package watch_test

import (
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/watch"
)

func TestOurOwnWritesAreQuiet(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	b.furnish(t)
	conn := b.ours(t)
	quiet := begin(t, conn, append([]string{watch.Quiet(b.Names)}, writes[:3]...)...)
	commit(t, quiet)
	b.wantInbox(t)

	do(t, conn, writes[:3]...) // the same session, after that: the setting is empty and not NULL
	b.wantInbox(t, "group group", "row other", "row row", "team team")

	other := b.Names
	other.Ledger = "another_ledger"
	commit(t, begin(t, conn, append([]string{watch.Quiet(other)}, writes[:3]...)...))
	b.wantInbox(t, "group group", "row other", "row row", "team team")
}

// One entry a changed thing is enough, so that the inbox stays small where nobody collects.
func TestTheInboxIsBounded(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	b.furnish(t)
	conn := b.session(t)
	for range 50 {
		do(t, conn, writes[:3]...)
	}
	do(t, conn, `BEGIN`)
	for range 50 {
		do(t, conn, writes[:3]...)
	}
	do(t, conn, `COMMIT`)
	b.wantInbox(t, "group group", "row other", "row row", "team team")
}

func TestACommitNotifiesOnce(t *testing.T) {
	t.Parallel()
	b := watched(t, pgtest.V1_83_14)
	b.furnish(t)
	listener, conn := b.ours(t), b.session(t)
	do(t, listener, `LISTEN `+postgres.Quote(watch.Channel(b.Names)))
	heard := func() (n int) {
		do(t, b.ours(t), `NOTIFY `+postgres.Quote(watch.Channel(b.Names))+`, 'end'`)
		for {
			got, err := listener.WaitForNotification(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.Payload == "end" {
				return n
			}
			n++
		}
	}
	commit(t, begin(t, conn, writes[:3]...))
	same(t, "notifications of a transaction", heard(), 1)
	do(t, conn, writes[0]) // its entry is there already
	same(t, "notifications of a change again", heard(), 1)
	do(t, conn, `UPDATE "LiteLLM_TeamTable" SET spend = spend + 1`, `UPDATE "LiteLLM_TeamTable" SET access_group_ids = access_group_ids`)
	same(t, "notifications of nothing", heard(), 0)
}

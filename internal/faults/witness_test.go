//go:build faults

package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
)

// witnessSQL has the database itself note which copy changes what: when it does,
// and again at the end of the transaction, just before the commit, with the term
// of the lease as it is then.
const witnessSQL = `
CREATE SCHEMA witness;
CREATE TABLE witness.seen (seq bigserial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(), copy text, began bigint, term bigint);
CREATE FUNCTION witness.begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('witness.began', nextval('witness.seen_seq_seq')::text, true);
	RETURN NULL;
END $$;
CREATE FUNCTION witness.end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO witness.seen (copy, began, term)
	SELECT current_setting('application_name'), current_setting('witness.began')::bigint, term FROM litellm_reconciler.lease;
	RETURN NULL;
END $$;
CREATE TRIGGER begins BEFORE INSERT ON litellm_reconciler.changes FOR EACH STATEMENT EXECUTE FUNCTION witness.begin();
CREATE CONSTRAINT TRIGGER ends AFTER INSERT ON litellm_reconciler.changes DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION witness.end()`

// seen is one change, as the database noted it.
type seen struct {
	Seq, Began, Term int64
	Copy             string
}

func witnessed(t *testing.T, db *pgtest.Database) []seen {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), `SELECT seq, began, term, copy FROM witness.seen ORDER BY seq`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[seen])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wantOneWriter checks that the changes of one term are all of one copy, that
// terms follow each other, and that nothing of a later one began before all of
// the earlier one was committed.
func (i *injection) wantOneWriter(t *testing.T, all []seen) {
	t.Helper()
	copies, latest, last := map[int64]string{}, int64(0), seen{}
	for _, s := range all {
		if first, known := copies[s.Term]; known && first != s.Copy {
			i.mistake(t, "in term %d both %s and %s wrote", s.Term, first, s.Copy)
		}
		copies[s.Term] = s.Copy
		if s.Term < last.Term {
			i.mistake(t, "after term %d something of term %d was committed", last.Term, s.Term)
		}
		if s.Term != last.Term {
			latest = last.Seq
		}
		if s.Began < latest {
			i.mistake(t, "%+v began before the last of the term before was committed, %d", s, latest)
		}
		last = s
	}
	i.measure("%d changes in %d terms", len(all), len(copies))
}

// drift changes what groups grant until ctx is done, so that there is always
// something to repair.
func drift(ctx context.Context, db *pgtest.Database, groups int) {
	for ctx.Err() == nil {
		_, _ = db.Pool.Exec(ctx, `UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = ARRAY[$2::text] WHERE access_group_id = $1`,
			fmt.Sprintf("group-%d", rand.IntN(groups)), rand5())
		think(20 * time.Millisecond)
	}
}

// named has connections to a database carry a name.
func named(t *testing.T, database, name string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("application_name", name)
	u.RawQuery = q.Encode()
	return u.String()
}

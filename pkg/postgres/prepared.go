package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// direct is, in a connection's data, the set of statements that it was sent
// with Send. It is not there where a pooler is in between.
const direct = "direct"

// outdated is set in the data of a connection that is not to be used again.
const outdated = "outdated"

// recognise finds out whether the connection keeps its session. A pooler, one of
// LiteLLM's layouts, hands each transaction to any session, and makes up the
// number that a connection is told.
func recognise(ctx context.Context, conn *pgx.Conn) error {
	var session uint32
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&session); err != nil {
		return err
	}
	if session == conn.PgConn().PID() {
		conn.PgConn().CustomData()[direct] = map[string]bool{}
	}
	return nil
}

// Send sends the queries of a batch. The second time that a connection of Open
// is sent a statement, it is given a name: parsing and planning can take as
// long as what a statement does. Not so where there is a pooler, which would
// lose it. A connection whose named statements were lost all the same, or do not
// fit the tables since LiteLLM was upgraded, is given up; the error is Transient.
func Send(ctx context.Context, tx pgx.Tx, q *pgx.Batch) error {
	err := send(ctx, tx, q)
	if lostStatement(err) {
		tx.Conn().PgConn().CustomData()[outdated] = true
	}
	return err
}

func send(ctx context.Context, tx pgx.Tx, q *pgx.Batch) error {
	sent, _ := tx.Conn().PgConn().CustomData()[direct].(map[string]bool)
	for _, query := range q.QueuedQueries {
		if sent[query.SQL] {
			if _, err := tx.Conn().Prepare(ctx, query.SQL, query.SQL); err != nil {
				return err
			}
		} else if sent != nil {
			sent[query.SQL] = true
		}
	}
	return tx.SendBatch(ctx, q).Close()
}

func usable(_ context.Context, conn *pgx.Conn) (bool, error) {
	return conn.PgConn().CustomData()[outdated] == nil, nil
}

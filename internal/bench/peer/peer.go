// Package peer is what people would use instead of the program. Each peer is one call on one connection: the benchmark
// runs it in a process of its own, as it does with the program.
package peer

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/bench/results"
)

//go:embed tables.sql
var tablesSQL string

//go:embed remember.sql
var rememberSQL string

//go:embed check.sql
var checkSQL string

//go:embed repair.sql
var repairSQL string

//go:embed read.sql
var readSQL string

// Task is what a peer is to do.
type Task struct {
	Peer, Work string
	// Group narrows the loop down to the teams of one access group, for a hook that knows what was edited.
	Group string
	// Rows are how many rows the floor writes, of Width entries each.
	Rows, Width int
}

// Do connects and does it. It returns how many teams had drifted, 0 for the floor, which does not look.
func Do(ctx context.Context, url string, t Task) (drifted int, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, fmt.Errorf("connecting as %s: %w", t.Peer, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	switch t.Peer {
	case results.SQL:
		drifted, err = script(ctx, conn, t.Work)
	case results.Loop:
		drifted, err = loop(ctx, conn, t.Group)
	case results.Floor:
		err = floor(ctx, conn, t)
	default:
		err = fmt.Errorf("no such peer")
	}
	if err != nil {
		return 0, fmt.Errorf("working as %s: %w", t.Peer, err)
	}
	return drifted, nil
}

// script runs statements as psql would. What is written down in the change log counts, or else what is returned.
func script(ctx context.Context, conn *pgx.Conn, work string) (int, error) {
	text := repairSQL
	if work == results.Nothing {
		text = checkSQL
	}
	answers, err := conn.PgConn().Exec(ctx, text).ReadAll()
	if err != nil {
		return 0, err
	}
	if work != results.Nothing {
		return int(answers[len(answers)-2].CommandTag.RowsAffected()), nil
	}
	returned := 0
	for _, a := range answers {
		returned += len(a.Rows)
	}
	return returned, nil
}

// Install creates the tables that a hand-written repair remembers things in.
func Install(ctx context.Context, conn *pgx.Conn) error {
	return several(ctx, conn, tablesSQL)
}

// Remember fills them with what the program granted.
func Remember(ctx context.Context, conn *pgx.Conn) error {
	return several(ctx, conn, rememberSQL)
}

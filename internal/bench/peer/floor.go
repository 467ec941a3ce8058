package peer

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/bench/results"
)

// floor reads the three tables once, or copies as many rows as there are to write into LiteLLM's table.
func floor(ctx context.Context, conn *pgx.Conn, t Task) error {
	if t.Work == results.Nothing {
		_, err := conn.PgConn().Exec(ctx, readSQL).ReadAll()
		return err
	}
	rows := make([][]any, 1000) // of which each is copied several times, with an id of its own
	for i := range rows {
		servers := make([]string, t.Width)
		for k := range servers {
			servers[k] = uuid.NewString()
		}
		rows[i] = []any{"", servers}
	}
	written := 0
	source := pgx.CopyFromFunc(func() ([]any, error) {
		if written == t.Rows {
			return nil, nil
		}
		row := rows[written%len(rows)]
		row[0] = uuid.NewString()
		written++
		return row, nil
	})
	_, err := conn.CopyFrom(ctx, pgx.Identifier{"LiteLLM_ObjectPermissionTable"}, []string{"object_permission_id", "mcp_servers"}, source)
	return err
}

// several runs statements one by one, as some of them do not want to be in a transaction.
func several(ctx context.Context, conn *pgx.Conn, text string) error {
	for statement := range strings.SplitSeq(text, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("preparing the tables written by hand: %w", err)
		}
	}
	return nil
}

package doctor

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed clients.sql
var clientsSQL string

//go:embed leader.sql
var leaderSQL string

// writers tells who leads, and looks for other processes of this program:
// somebody may not know of them.
func (e *exam) writers(ctx context.Context) ([]Check, error) {
	leader := "no copy of the daemon leads"
	if e.recorded {
		found, err := e.list(ctx, "reading the lease", e.SQL(leaderSQL))
		switch {
		case postgres.MissingRight(err), postgres.MissingObject(err): // said with the rights, or with the ledger
			leader = "which copy leads cannot be seen"
		case err != nil:
			return nil, err
		case len(found) == 1:
			leader = "the daemon " + found[0] + " leads"
		}
	}
	if e.here.pooled {
		return good("%s; behind a pooler, sessions do not tell who is connected now", leader), nil
	}
	clients, err := e.clients(ctx)
	if err != nil {
		return nil, err
	}
	if len(clients) == 0 {
		return good("%s; no other session of this program", leader), nil
	}
	return good("%s; connected: %s", leader, strings.Join(clients, ", ")), nil
}

// clients describes who else goes by this program's name.
func (e *exam) clients(ctx context.Context) (clients []string, err error) {
	err = e.look(ctx, e.Pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, clientsSQL, e.own)
		if err != nil {
			return err
		}
		var user, address string
		_, err = pgx.ForEachRow(rows, []any{&user, &address}, func() error {
			clients = append(clients, fmt.Sprintf("user %s%s", user, address))
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading sessions: %w", err)
	}
	return clients, nil
}

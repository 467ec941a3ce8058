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

//go:embed turns.sql
var turnsSQL string

// writers looks for other processes of this program. Several do no harm, but
// somebody may not know of the other one. A daemon beside this very command is
// the normal case, and hosts change with every pod: what counts are two hosts
// that write in turns.
func (e *exam) writers(ctx context.Context) (checks []Check, err error) {
	if e.recorded {
		hosts, err := e.list(ctx, "reading the runs of the last hour", e.SQL(turnsSQL))
		switch {
		case postgres.MissingRight(err): // said with the rights
		case err != nil:
			return nil, err
		case len(hosts) > 0:
			checks = finding(Warn, "one daemon is enough", "hosts %s wrote in turns during the last hour", strings.Join(hosts, ", "))
		}
	}
	if e.here.pooled {
		return append(checks, good("behind a pooler, sessions do not tell who is connected now")...), nil
	}
	clients, err := e.clients(ctx)
	switch {
	case err != nil:
		return checks, err
	case len(clients) == 0:
		return append(checks, good("no other session of this program")...), nil
	case len(clients) == 1:
		return append(checks, good("one other client now: %s", clients[0])...), nil
	}
	return append(checks, finding(Warn, "one daemon is enough", "%d other clients now: %s", len(clients), strings.Join(clients, ", "))...), nil
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

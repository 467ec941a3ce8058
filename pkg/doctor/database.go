package doctor

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/pkg/postgres"
)

//go:embed database.sql
var databaseSQL string

// oldest is the oldest version of Postgres that the tests ran on, as Postgres
// numbers it.
const oldest = 140000

// server is the one that a connection ends at.
type server struct {
	version  string
	number   int
	standby  bool
	readOnly bool
	user     string
	super    bool
	database string
	// oid of the database and the start of the server tell two servers apart.
	oid     uint32
	started time.Time
	// pooled is whether something in between shares the server's backends out.
	pooled bool
}

// meet asks the server behind a pool who it is.
func (e *exam) meet(ctx context.Context, pool *pgxpool.Pool) (server, error) {
	var s server
	err := e.look(ctx, pool, func(tx pgx.Tx) error {
		var backend int32
		err := tx.QueryRow(ctx, databaseSQL).Scan(&s.version, &s.number, &s.standby, &s.readOnly,
			&s.user, &s.super, &s.database, &s.oid, &s.started, &backend)
		if err != nil {
			return fmt.Errorf("asking the server about itself: %w", err)
		}
		// Postgres opens a session with its own process id (BackendKeyData);
		// a pooler such as PgBouncer cannot, and makes up a number.
		s.pooled = tx.Conn().PgConn().PID() != uint32(backend)
		e.own = append(e.own, backend)
		return nil
	})
	s.version, _, _ = strings.Cut(s.version, " ") // "15.14 (Debian 15.14-0+deb12u1)"
	return s, err
}

func (e *exam) database(ctx context.Context) ([]Check, error) {
	s, err := e.meet(ctx, e.Pool)
	if err != nil {
		return nil, err
	}
	e.here = s
	role := "primary"
	if s.standby {
		role = "standby"
	}
	detail := fmt.Sprintf("PostgreSQL %s, %s, user %s, database %s", s.version, role, s.user, s.database)
	switch {
	case s.standby && e.Purpose != Plan:
		return finding(Fail, "name the primary in the database URL", "%s: it takes no writes", detail), nil
	case s.readOnly && e.Purpose != Plan:
		return finding(Fail, fmt.Sprintf("ALTER ROLE %s RESET default_transaction_read_only; or the same for the database",
			postgres.Quote(s.user)), "%s: default_transaction_read_only is on, so that nothing can be written", detail), nil
	case s.number < oldest:
		return finding(Warn, "", "%s: older than any version this program is tested on", detail), nil
	}
	return good("%s", detail), nil
}

func (e *exam) pooler(context.Context) ([]Check, error) {
	switch {
	case !e.here.pooled:
		return good("none in between"), nil
	case e.hasDirect():
		return good("one such as PgBouncer is in between, and a direct URL is given"), nil
	case e.Purpose == Plan:
		return good("one such as PgBouncer is in between; for reading that is fine"), nil
	}
	return finding(Warn, "set database.direct_url (DIRECT_URL) to the same database without it",
		"one such as PgBouncer is in between, and no direct URL is given"), nil
}

func (e *exam) hasDirect() bool { return e.Config.Direct.DSN != e.Config.Database.DSN }

// directURL compares the second way to the database with the first.
func (e *exam) directURL(ctx context.Context) ([]Check, error) {
	pool, err := postgres.Open(ctx, e.Config.Direct.DSN, 1)
	if err != nil {
		return nil, err
	}
	there, err := e.meet(ctx, pool)
	if err != nil {
		pool.Close()
		return nil, err
	}
	detail := fmt.Sprintf("user %s, database %s", there.user, there.database)
	if there.oid != e.here.oid || !there.started.Equal(e.here.started) {
		pool.Close()
		return finding(e.severity(), "database.direct_url (DIRECT_URL) and database.url (DATABASE_URL) must name the same database",
			"%s: not the database, or not the server, of the database URL", detail), nil
	}
	e.installer = pool
	switch {
	case there.standby || there.readOnly:
		return finding(e.severity(), "name the primary in the direct URL", "%s: it takes no writes", detail), nil
	case there.pooled:
		return finding(Warn, "name the server itself in the direct URL", "%s: a pooler is in between here as well", detail), nil
	}
	return good("%s: the same database, no pooler in between", detail), nil
}

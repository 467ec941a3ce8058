// Package postgres opens connections the way this program needs them, puts
// schema names into SQL, and turns what Postgres says into one line with a
// remedy.
package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Open makes a pool of at most that many connections for the connection string.
// It connects lazily: a database that is away is reported by the first query,
// not here. The caller closes it.
func Open(ctx context.Context, dsn string, connections int) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("parsing the database URL: %w", err)
	}
	cfg.MaxConns = int32(connections)
	// Statements without a name, their description cached: PgBouncer in
	// transaction mode, one of LiteLLM's layouts, loses named ones. See Send.
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	cfg.AfterConnect, cfg.PrepareConn = recognise, usable
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("opening the connection pool: %w", err)
	}
	return pool, nil
}

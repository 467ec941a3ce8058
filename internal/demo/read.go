package main

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// How empty lists are shown.
const (
	none      = "-"
	forbidden = "nothing (403)"
)

//go:embed teams.sql
var teamsSQL string

//go:embed keys.sql
var keysSQL string

// readTeams returns team, row and servers of the teams that the tour is about.
func readTeams(ctx context.Context, conn *pgx.Conn) ([][]string, error) {
	return read(ctx, conn, "the teams' permission rows", teamsSQL, func(row pgx.CollectableRow) ([]string, error) {
		var team, id string
		var servers []string
		err := row.Scan(&team, &id, &servers)
		return []string{team, id, list(servers, none)}, err
	})
}

// readKeys returns key, team, own servers and those that the key may use.
func readKeys(ctx context.Context, conn *pgx.Conn) ([][]string, error) {
	return read(ctx, conn, "the keys' servers", keysSQL, func(row pgx.CollectableRow) ([]string, error) {
		var key, team string
		var own, usable []string
		err := row.Scan(&key, &team, &own, &usable)
		return []string{key, team, list(own, none), list(usable, forbidden)}, err
	})
}

// readRows returns the place and the writing transaction of every row of LiteLLM's and our own tables. Two equal answers
// mean that nothing was written in between, not even the same values again.
func readRows(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	tables, err := read(ctx, conn, "the names of the tables", `SELECT oid::regclass::text FROM pg_class
		WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'litellm_reconciler') ORDER BY oid`, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	var all []string
	for _, table := range tables { // a regclass comes quoted
		rows, err := read(ctx, conn, table, "SELECT tableoid || ' ' || ctid || ' ' || xmin FROM "+table+" ORDER BY ctid", pgx.RowTo[string])
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// read executes a query and turns each of its rows into a T.
func read[T any](ctx context.Context, conn *pgx.Conn, what, sql string, to pgx.RowToFunc[T]) ([]T, error) {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	all, err := pgx.CollectRows(rows, to)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	return all, nil
}

func list(servers []string, empty string) string {
	if len(servers) == 0 {
		return empty
	}
	return strings.Join(servers, ", ")
}

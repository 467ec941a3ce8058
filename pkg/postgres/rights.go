package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed rights.sql
var rightsSQL string

// Right is a privilege that the program needs. Without a table it is one on
// the schema, without a column one on the whole table.
type Right struct{ Schema, Table, Column, Privilege string }

// Grant is the statement that gives the right to a role.
func (r Right) Grant(role string) string {
	switch {
	case r.Table == "":
		return fmt.Sprintf("GRANT %s ON SCHEMA %s TO %s", r.Privilege, Quote(r.Schema), Quote(role))
	case r.Column == "":
		return fmt.Sprintf("GRANT %s ON %s.%s TO %s", r.Privilege, Quote(r.Schema), Quote(r.Table), Quote(role))
	}
	return fmt.Sprintf("GRANT %s (%s) ON %s.%s TO %s", r.Privilege, Quote(r.Column), Quote(r.Schema), Quote(r.Table), Quote(role))
}

// GrantStatements joins the statements that give all of the rights to a role.
func GrantStatements(rights []Right, role string) string {
	return strings.Join(Grants(rights, role), "; ")
}

// MissingRights returns those of the rights that the connection's role lacks.
// Tables that do not exist are passed over.
func MissingRights(ctx context.Context, q Querier, rights []Right) ([]Right, error) {
	var schemas, tables, columns, privileges []string
	for _, r := range rights {
		schemas, tables = append(schemas, r.Schema), append(tables, r.Table)
		columns, privileges = append(columns, r.Column), append(privileges, r.Privilege)
	}
	rows, err := q.Query(ctx, rightsSQL, schemas, tables, columns, privileges)
	if err != nil {
		return nil, fmt.Errorf("reading the role's rights: %w", err)
	}
	var missing []Right
	var position int
	_, err = pgx.ForEachRow(rows, []any{&position}, func() error {
		missing = append(missing, rights[position-1])
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the role's rights: %w", err)
	}
	return missing, nil
}

// CurrentRole is the role that statements run as. It is not always the user of
// the connection: a pooler may map that to another one, ALTER ROLE ... SET role
// may change it.
func CurrentRole(ctx context.Context, q Querier) (string, error) {
	rows, err := q.Query(ctx, "SELECT current_user::text")
	if err != nil {
		return "", fmt.Errorf("asking for the current role: %w", err)
	}
	role, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("asking for the current role: %w", err)
	}
	return role, nil
}

// WithGrants names those of the needed rights that the role lacks where
// Postgres only said that one is missing; of is what their statements are to be
// run as the owner of. An error that names some of them already gives way to
// one that names all. Other errors come back as they are.
func WithGrants(ctx context.Context, pool *pgxpool.Pool, err error, of string, needed []Right) error {
	if !MissingRight(err) {
		return err
	}
	named := CheckRights(ctx, pool, of, needed)
	switch {
	case !errors.Is(named, ErrMissingRight):
		return err
	case errors.Is(err, ErrMissingRight):
		return named
	}
	return fmt.Errorf("%w: %w", err, named)
}

// ErrMissingRight is wrapped by the errors of CheckRights.
var ErrMissingRight = errors.New("a right is missing")

// CheckRights returns an error that wraps ErrMissingRight and names the
// statements that give the rights which the connection's role lacks.
func CheckRights(ctx context.Context, pool *pgxpool.Pool, of string, needed []Right) error {
	missing, err := MissingRights(ctx, pool, needed)
	if err != nil || len(missing) == 0 {
		return err
	}
	role, err := CurrentRole(ctx, pool)
	if err != nil {
		return err
	}
	return fmt.Errorf("%w, run as the owner of the %s: %s", ErrMissingRight, of, GrantStatements(missing, role))
}

// Querier is a pool, a connection or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

package doctor

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

//go:embed role.sql
var roleSQL string

// Script writes the SQL that gives a role what the purpose takes, and no more.
// It reads the catalog only, as any user.
func Script(ctx context.Context, s Subject, role string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	e := &exam{Subject: s, Names: s.names()}
	w := script{role: role}
	err := e.look(ctx, s.Pool, func(tx pgx.Tx) error {
		catalog, err := litellm.Inspect(ctx, tx, e.Names)
		if err != nil {
			return err
		}
		h, err := e.findLedger(ctx, tx)
		if err != nil {
			return err
		}
		var database string
		var exists bool
		if err := tx.QueryRow(ctx, roleSQL, role).Scan(&database, &exists); err != nil {
			return fmt.Errorf("looking for the role: %w", err)
		}
		w.open(s.Purpose, database, exists, h)
		w.section("LiteLLM's tables: columns, never a whole table. Print this again after an upgrade of LiteLLM:",
			"its permission table grows, and the copy of a shared row takes every column along.")
		w.run(postgres.Grants(s.onTables(catalog), role)...)
		if s.Purpose == Revert {
			w.section("To delete permission rows that a revert has emptied. Without it they stay, empty and unlinked.")
			w.run(postgres.Grants(s.toDelete(), role)...)
		}
		w.ledger(s, h)
		return nil
	})
	if err != nil {
		return "", err
	}
	w.line("\nCOMMIT;")
	return w.String(), nil
}

// script is SQL that runs in psql and as one string alike.
type script struct {
	strings.Builder
	role string
}

func (w *script) open(p Purpose, database string, exists bool, h home) {
	as := "To be run as the owner of the tables, or as a superuser."
	if h.installed() && h.owner != w.role {
		as = fmt.Sprintf("To be run as a superuser, or as one who has the roles of both owners: LiteLLM's tables', and %q, the ledger's.", h.owner)
	}
	w.comment(fmt.Sprintf("What role %q needs in database %q (litellm-reconciler doctor --for %s), and no more.", w.role, database, p), as)
	if !exists {
		w.comment("The role is not there yet. To make it:",
			fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '...';", postgres.Quote(w.role)))
	}
	w.line("BEGIN;")
	w.line("")
	w.run(fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s", postgres.Quote(database), postgres.Quote(w.role)))
}

func (w *script) ledger(s Subject, h home) {
	install := append([]string{"CREATE SCHEMA IF NOT EXISTS " + postgres.Quote(s.names().Ledger)},
		postgres.Grants(s.toInstall(), w.role)...)
	use := postgres.Grants(s.onLedger(), w.role)
	switch {
	case h.installed() && (s.Purpose == Plan || h.owner != w.role):
		there := postgres.Grants(existing(s.onLedger(), h.tables), w.role)
		w.section("The ledger.")
		w.run(there...)
		if len(there) < len(use) {
			w.comment("The ledger is not complete, or not up to date: print this again once litellm-reconciler migrate status has no complaint.")
		}
	case s.Purpose == Plan:
		w.section("The ledger is not installed yet, and looking works without it.")
		var there []string
		if h.schema {
			there = postgres.Grants(existing(s.onLedger(), h.tables), w.role)
		}
		w.run(there...)
		w.comment("Once it is there, print this again, or run:")
		for _, statement := range use {
			if !slices.Contains(there, statement) {
				w.comment(statement + ";")
			}
		}
	case h.installed():
		w.section("The ledger, which the role installed and owns.")
		w.run(postgres.Grants(s.toInstall(), w.role)...)
	default:
		w.section("The ledger is not installed yet: the role does it, and owns its tables.",
			"If another one is to (DIRECT_URL, migrate up), print this again after that.")
		w.run(install...)
	}
}

func (w *script) section(lines ...string) {
	w.line("")
	w.comment(lines...)
}

func (w *script) run(statements ...string) {
	for _, s := range statements {
		w.line(s + ";")
	}
}

// comment keeps what a name may hold from ending the comment.
func (w *script) comment(lines ...string) {
	for _, l := range lines {
		w.line("-- " + oneLine(l))
	}
}

func (w *script) line(text string) { _, _ = w.WriteString(text + "\n") }

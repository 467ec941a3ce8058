package doctor

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/watch"
)

//go:embed row_security.sql
var rowSecuritySQL string

// Purpose is what a role is to be used for.
type Purpose string

// All purposes.
const (
	// Daemon is to repair: the daemon itself, and --once.
	Daemon Purpose = "daemon"
	// Revert is Daemon, and to delete the rows that a revert has emptied.
	Revert Purpose = "revert"
	// Plan is to look: dry runs, plan, explain, history and doctor.
	Plan Purpose = "plan"
)

// ParsePurpose reads a Purpose.
func ParsePurpose(text string) (Purpose, error) {
	all := []Purpose{Daemon, Plan, Revert}
	if p := Purpose(text); slices.Contains(all, p) {
		return p, nil
	}
	return "", fmt.Errorf("--for %q is unknown: use daemon, plan or revert", text)
}

// onTables are the rights on LiteLLM's tables that the purpose takes.
func (s Subject) onTables(c litellm.Catalog) []postgres.Right {
	rights := litellm.ReadRights(s.names(), c)
	if s.Purpose == Plan {
		return append(rights, litellm.LookRights(s.names(), c)...)
	}
	rights = append(rights, litellm.WriteRights(s.names(), c)...)
	if len(s.Config.Organizations.Include) > 0 {
		rights = append(rights, litellm.OrganizationRights(s.names())...)
	}
	return rights
}

// toDelete are the rights that the purpose makes use of, but can do without.
func (s Subject) toDelete() []postgres.Right {
	if s.Purpose != Revert {
		return nil
	}
	return litellm.DeleteRights(s.names())
}

// onLedger are the rights on the ledger's tables.
func (s Subject) onLedger() []postgres.Right {
	switch s.Purpose {
	case Plan:
		return ledger.LookRights(s.names())
	case Daemon:
		all := slices.Concat(ledger.Rights(s.names()), lease.Rights(s.names()), watch.Rights(s.names()))
		// The queue reads teams as well: that is among the rights on LiteLLM's tables.
		return slices.DeleteFunc(all, func(r postgres.Right) bool { return r.Schema != s.names().Ledger })
	}
	return ledger.Rights(s.names())
}

// toInstall are the rights that installing the ledger takes, once its schema is there.
func (s Subject) toInstall() []postgres.Right {
	return []postgres.Right{
		{Schema: s.names().Ledger, Privilege: "USAGE"},
		{Schema: s.names().Ledger, Privilege: "CREATE"},
	}
}

// rights has a check for each statement that is to be run, or a single one if
// there is none.
func (e *exam) rights(ctx context.Context) (checks []Check, err error) {
	err = e.look(ctx, e.Pool, func(tx pgx.Tx) error {
		home, err := e.findLedger(ctx, tx)
		if err != nil {
			return err
		}
		needed := e.onTables(e.catalog)
		// One who looks gets the schema as soon as it is there, before its tables.
		if home.installed() || home.schema && e.Purpose == Plan {
			needed = append(needed, existing(e.onLedger(), home.tables)...)
		}
		missing, err := postgres.MissingRights(ctx, tx, needed)
		if err != nil {
			return err
		}
		for _, statement := range postgres.Grants(missing, e.here.user) {
			checks = append(checks, finding(Fail, statement+";", "a right is missing, run as the owner")...)
		}
		if missing, err = postgres.MissingRights(ctx, tx, e.toDelete()); err != nil {
			return err
		}
		for _, statement := range postgres.Grants(missing, e.here.user) {
			checks = append(checks, finding(Warn, statement+";",
				"without this right a revert leaves the rows behind that it emptied, run as the owner")...)
		}
		hidden, err := e.rowSecurity(ctx, tx, needed)
		checks = append(checks, hidden...)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case len(checks) > 0:
		return checks, nil
	case e.here.super:
		return good("user %s is a superuser; --print-grants ROLE prints what is enough", e.here.user), nil
	}
	return good("user %s has all that it takes (%s)", e.here.user, e.Purpose), nil
}

// rowSecurity finds tables of which the role sees only what policies let
// through. A team that is hidden so looks deleted, and a pass forgets it.
func (e *exam) rowSecurity(ctx context.Context, tx pgx.Tx, needed []postgres.Right) ([]Check, error) {
	var tables []string
	for _, r := range needed {
		if r.Schema == e.LiteLLM && r.Table != "" {
			tables = append(tables, r.Table)
		}
	}
	rows, err := tx.Query(ctx, rowSecuritySQL, e.LiteLLM, tables)
	if err != nil {
		return nil, fmt.Errorf("reading row security: %w", err)
	}
	hidden, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(hidden) == 0 {
		return nil, err
	}
	return finding(e.severity(), fmt.Sprintf("ALTER ROLE %s BYPASSRLS;", postgres.Quote(e.here.user)),
		"row security hides what its policies do not let through in %s, and hidden teams look deleted",
		strings.Join(hidden, ", ")), nil
}

// existing leaves out rights on tables that are not there.
func existing(rights []postgres.Right, tables []string) []postgres.Right {
	return slices.DeleteFunc(rights, func(r postgres.Right) bool { return r.Table != "" && !slices.Contains(tables, r.Table) })
}

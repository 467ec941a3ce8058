package ledger

import (
	"context"
	"fmt"

	"litellm-reconciler/pkg/postgres"
)

// Rights are the privileges on the ledger's tables that repairing needs.
func Rights(names postgres.Names) []postgres.Right {
	rights := []postgres.Right{
		{Schema: names.Ledger, Privilege: "USAGE"},
		{Schema: names.Ledger, Table: "schema_version", Privilege: "SELECT"},
	}
	for _, need := range []struct {
		table      string
		privileges []string
	}{
		{"grants", []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
		{"changes", []string{"INSERT"}},
		{"runs", []string{"SELECT", "INSERT", "UPDATE"}},
	} {
		for _, p := range need.privileges {
			rights = append(rights, postgres.Right{Schema: names.Ledger, Table: need.table, Privilege: p})
		}
	}
	return rights
}

// withGrants names those of the needed rights that are missing where Postgres
// only said that one is.
func (m *Migrator) withGrants(ctx context.Context, err error, needed []postgres.Right) error {
	if !postgres.MissingRight(err) {
		return err
	}
	missing, lookupErr := postgres.MissingRights(ctx, m.pool, needed)
	if lookupErr != nil || len(missing) == 0 {
		return err
	}
	return fmt.Errorf("%w: a right is missing, run as the owner of the schema: %s",
		err, postgres.GrantStatements(missing, m.pool.Config().ConnConfig.User))
}

package ledger

import "litellm-reconciler/pkg/postgres"

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
		{"changes", []string{"SELECT", "INSERT"}},
		{"runs", []string{"SELECT", "INSERT", "UPDATE"}},
	} {
		for _, p := range need.privileges {
			rights = append(rights, postgres.Right{Schema: names.Ledger, Table: need.table, Privilege: p})
		}
	}
	return rights
}

// LookRights are the privileges that showing the ledger needs.
func LookRights(names postgres.Names) []postgres.Right {
	rights := []postgres.Right{{Schema: names.Ledger, Privilege: "USAGE"}}
	for _, table := range []string{"schema_version", "grants", "changes", "runs", "history"} {
		rights = append(rights, postgres.Right{Schema: names.Ledger, Table: table, Privilege: "SELECT"})
	}
	return rights
}

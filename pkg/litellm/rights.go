package litellm

import "litellm-reconciler/pkg/postgres"

// ReadRights are the privileges on LiteLLM's tables that looking needs.
func ReadRights(names postgres.Names, c Catalog) []postgres.Right {
	rights := []postgres.Right{{Schema: names.LiteLLM, Privilege: "USAGE"}}
	seen := map[string]bool{}
	add := func(table, column string) {
		if !seen[table+"."+column] {
			seen[table+"."+column] = true
			rights = append(rights, postgres.Right{Schema: names.LiteLLM, Table: table, Column: column, Privilege: "SELECT"})
		}
	}
	for _, n := range needed {
		add(n.table, n.column)
	}
	for _, table := range c.Owners {
		add(table, "object_permission_id")
	}
	return rights
}

// WriteRights are the privileges that repairing needs on top. A copy of a
// shared row takes all of its columns along, hence INSERT and SELECT on each.
func WriteRights(names postgres.Names, c Catalog) []postgres.Right {
	rights := []postgres.Right{
		{Schema: names.LiteLLM, Table: teamTable, Column: "object_permission_id", Privilege: "UPDATE"},
		{Schema: names.LiteLLM, Table: permissionTable, Column: "mcp_servers", Privilege: "UPDATE"},
	}
	for _, column := range c.PermissionColumns {
		for _, privilege := range []string{"SELECT", "INSERT"} {
			rights = append(rights, postgres.Right{Schema: names.LiteLLM, Table: permissionTable, Column: column, Privilege: privilege})
		}
	}
	return rights
}

// LookRights are the privileges that plan, explain and doctor need on top of
// ReadRights: who the keys are and what else restricts them. The tokens of the
// keys are not among them.
func LookRights(names postgres.Names, c Catalog) []postgres.Right {
	var rights []postgres.Right
	for _, need := range []struct {
		table   string
		columns []string
	}{
		{teamTable, []string{"blocked"}},
		{groupTable, []string{"access_group_name"}},
		{serverTable, []string{"server_id", "server_name", "alias", "mcp_access_groups", "allow_all_keys", "approval_status"}},
		{keyTable, []string{"key_alias", "key_name", "team_id", "user_id", "agent_id", "organization_id", "access_group_ids",
			"object_permission_id", "blocked", "expires"}},
		{userTable, []string{"user_id", "object_permission_id"}},
		{agentTable, []string{"agent_id", "object_permission_id"}},
		{organizations, []string{"organization_id", "organization_alias", "object_permission_id"}},
	} {
		for _, column := range need.columns {
			if c.Has(need.table, column) {
				rights = append(rights, postgres.Right{Schema: names.LiteLLM, Table: need.table, Column: column, Privilege: "SELECT"})
			}
		}
	}
	return rights
}

// OrganizationRights are the privileges that selecting organizations needs.
func OrganizationRights(names postgres.Names) []postgres.Right {
	var rights []postgres.Right
	for _, column := range []string{"organization_id", "organization_alias"} {
		rights = append(rights, postgres.Right{
			Schema: names.LiteLLM, Table: organizations, Column: column, Privilege: "SELECT"})
	}
	return rights
}

// DeleteRights are the privileges that deleting emptied rows needs on top of
// WriteRights.
func DeleteRights(names postgres.Names) []postgres.Right {
	return []postgres.Right{{Schema: names.LiteLLM, Table: permissionTable, Privilege: "DELETE"}}
}

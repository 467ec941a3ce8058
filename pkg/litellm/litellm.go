// Package litellm knows LiteLLM's own tables: which of them and of their
// columns are needed, how access groups, permission rows and their owners are
// read, and how a permission row is written.
package litellm

// AllProxyServers in a team's mcp_servers grants the whole registry (LiteLLM
// PR #32012). A row that holds it is left alone, and a group that names it
// grants nothing by it: only a proxy administrator may give it.
const AllProxyServers = "all-proxy-mcpservers"

// Row is what matters of a LiteLLM_ObjectPermissionTable row.
type Row struct {
	ID string
	// Servers is mcp_servers as stored, without NULL elements; nil for NULL.
	Servers []string
	// OtherGrants is whether legacy tag groups or tool permissions grant
	// servers as well, and so restrict keys without mcp_servers doing so
	// (LiteLLM #22311).
	OtherGrants bool
}

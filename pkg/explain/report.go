package explain

import (
	"time"

	"litellm-reconciler/pkg/plan"
)

// Kind is what can be explained.
type Kind string

// Teams and keys are the subjects there are.
const (
	TeamKind Kind = "team"
	KeyKind  Kind = "key"
)

// Report is what an explanation comes to. Its JSON form is an interface: names
// are added to it, and never change their meaning.
type Report struct {
	Kind Kind `json:"kind"`
	// Key is nil where a team is explained, Team for a key without one. What
	// is said of a team is about its keys without a list of their own.
	Key  *Key  `json:"key,omitempty"`
	Team *Team `json:"team,omitempty"`
	// Ledger is whether the ledger is installed: without it nothing is known to
	// be owned.
	Ledger           bool        `json:"ledger"`
	Policy           plan.Policy `json:"policy"`
	RequireKeyAccess bool        `json:"require_key_mcp_access_defined"`
	// Servers are all that come into it, or the one that was asked for.
	Servers []Server `json:"servers"`
}

// Lists are what a permission row names, by the names of its columns.
type Lists struct {
	Servers     []string `json:"mcp_servers"`
	TagGroups   []string `json:"mcp_access_groups"`
	ToolServers []string `json:"mcp_tool_permissions"`
}

// Empty reports whether the lists name nothing.
func (l Lists) Empty() bool { return len(l.Servers)+len(l.TagGroups)+len(l.ToolServers) == 0 }

// Group is an access group that a team or key has.
type Group struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Dangling is set for the id of a group that does not exist.
	Dangling bool     `json:"dangling"`
	Servers  []string `json:"servers"`
}

// Key is a virtual key. Its token is not known here.
type Key struct {
	Alias   string     `json:"alias"`
	Masked  string     `json:"key_name"`
	TeamID  string     `json:"team_id"`
	Blocked bool       `json:"blocked"`
	Expired bool       `json:"expired"`
	Expires *time.Time `json:"expires,omitempty"`
	// OptedOut is set for a key whose list holds no-mcp-servers.
	OptedOut bool    `json:"opted_out"`
	Own      Lists   `json:"own"`
	Groups   []Group `json:"access_groups"`
	// Agent, User and Organization are nil where they restrict nothing.
	Agent        *Lists `json:"agent,omitempty"`
	User         *Lists `json:"user,omitempty"`
	Organization *Lists `json:"organization,omitempty"`
}

// Name is what the key is called: its alias, else its masked name.
func (k Key) Name() string {
	switch {
	case k.Alias != "":
		return k.Alias
	case k.Masked != "":
		return k.Masked
	}
	return "without a name"
}

// Team is a team with its permission row.
type Team struct {
	ID      string `json:"id"`
	Alias   string `json:"alias"`
	Blocked bool   `json:"blocked"`
	// RowID is nil for a team without a row; RowExists is false for an id that
	// no row has, too.
	RowID     *string `json:"object_permission_id"`
	RowExists bool    `json:"row_exists"`
	Row       Lists   `json:"row"`
	Groups    []Group `json:"access_groups"`
	// Mismatched are access groups that have the team on their list, and are
	// not on the team's: they grant it nothing.
	Mismatched []Group `json:"mismatched_access_groups"`
	// Organization is nil where it restricts nothing.
	Organization *Lists `json:"organization,omitempty"`
	Drift        Drift  `json:"drift"`
}

// Drift is what a pass would change about a team's row.
type Drift struct {
	Missing []string `json:"missing_servers"`
	Excess  []string `json:"excess_servers"`
	// CeilingCreated: the row restricts nothing yet, and would then limit keys
	// with a list of their own. CeilingRemoved is the opposite.
	CeilingCreated bool `json:"ceiling_created"`
	CeilingRemoved bool `json:"ceiling_removed"`
	// Sentinel is set for a row that grants all servers and is left alone.
	Sentinel bool `json:"sentinel"`
	// LeftOutBy is the setting that keeps passes from looking at the team.
	LeftOutBy string `json:"left_out_by,omitempty"`
}

// Server is an MCP server as the subject meets it.
type Server struct {
	ID    string `json:"id"`
	Name  string `json:"server_name"`
	Alias string `json:"alias"`
	// InTable is false for an id that LiteLLM's table does not have. It may be
	// a server of its config file.
	InTable bool `json:"in_table"`
	// Loaded is false for a server that waits for approval or was rejected.
	Loaded    bool     `json:"loaded"`
	OpenToAll bool     `json:"allow_all_keys"`
	NamedBy   []Source `json:"named_by"`
	// Missing is whether a pass would add it to the team's row, Excess whether
	// it would take it out.
	Missing bool `json:"missing"`
	Excess  bool `json:"excess"`
	// Revoked is the change that took it out of the team's row, unless it is
	// back to stay.
	Revoked *Event `json:"revoked,omitempty"`
	// Before and From are what proxies decide that ask for access groups
	// themselves, and proxies that do not (LiteLLM #28997).
	Before Verdict `json:"before_v1_88"`
	From   Verdict `json:"from_v1_88"`
}

// Place is where a server can be named.
type Place string

// The places where a server can be named.
const (
	InRow    Place = "mcp_servers"
	InTools  Place = "mcp_tool_permissions"
	InTag    Place = "mcp_access_groups"
	InGroup  Place = "access_group"
	InServer Place = "allow_all_keys"
)

// Source is one place that names a server.
type Source struct {
	// Of is whose it is; "" for allow_all_keys, which is the server's own.
	Of    Kind  `json:"of,omitempty"`
	Place Place `json:"place"`
	// Entry is what stands there: the server's id or name, or its tag.
	Entry string `json:"entry,omitempty"`
	// Group is the access group whose list it is.
	Group     string `json:"group,omitempty"`
	GroupName string `json:"group_name,omitempty"`
	// Owned is set for what litellm-reconciler granted, and Granted is when,
	// as far as the change log knows. What it does not own in a team's row an
	// administrator granted.
	Owned   bool   `json:"owned"`
	Granted *Event `json:"granted,omitempty"`
}

// Event is a change that the ledger recorded.
type Event struct {
	At  time.Time `json:"at"`
	Run string    `json:"run"`
	// Entry is what was added or taken out, Groups what granted it then.
	Entry  string   `json:"entry"`
	Groups []string `json:"access_groups"`
}

// Verdict is what proxies of some versions decide about a server.
type Verdict struct {
	Allowed bool     `json:"allowed"`
	Because []Reason `json:"because"`
}

// Package plan decides, without any I/O, what one team's permission row
// should hold and whether a whole pass may be written.
package plan

import (
	"fmt"
	"strings"
)

// Policy says which entries of mcp_servers may be taken out.
type Policy string

const (
	// Managed takes out only entries that the ledger owns and no group grants.
	Managed Policy = "managed"
	// Additive never takes an entry out.
	Additive Policy = "additive"
	// Exact leaves the union of the groups and nothing else.
	Exact Policy = "exact"
)

// ParsePolicy returns the policy of that name.
func ParsePolicy(name string) (Policy, error) {
	switch p := Policy(strings.TrimSpace(name)); p {
	case Managed, Additive, Exact:
		return p, nil
	default:
		return "", fmt.Errorf("policy %q is unknown: use managed, additive or exact", name)
	}
}

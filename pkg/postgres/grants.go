package postgres

import (
	"fmt"
	"slices"
	"strings"
)

// Grants merges rights into the statements that give them to a role: one for
// each schema or table and privilege, with all of its columns, in the order in
// which they come first.
func Grants(rights []Right, role string) []string {
	var order []Right // without columns
	columns := map[Right][]string{}
	for _, r := range rights {
		column := r.Column
		r.Column = ""
		if _, seen := columns[r]; !seen {
			order = append(order, r)
		}
		if !slices.Contains(columns[r], column) {
			columns[r] = append(columns[r], column)
		}
	}
	statements := make([]string, len(order))
	for i, r := range order {
		statements[i] = r.Grant(role)
		if list := columns[r]; !slices.Contains(list, "") { // "" is the whole table
			quoted := make([]string, len(list))
			for j, column := range list {
				quoted[j] = Quote(column)
			}
			statements[i] = fmt.Sprintf("GRANT %s (%s) ON %s.%s TO %s",
				r.Privilege, strings.Join(quoted, ", "), Quote(r.Schema), Quote(r.Table), Quote(role))
		}
	}
	return statements
}

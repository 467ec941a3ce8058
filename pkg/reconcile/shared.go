package reconcile

import (
	"context"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

// manyRows is from how many rows on it takes less to look for all rows that
// have several owners than to send the ids of those that matter.
const manyRows = 10_000

// shared returns at least those of the targets' rows that have several owners.
func (r *Reconciler) shared(ctx context.Context, q postgres.Querier, c litellm.Catalog, lists ...*Targets) (map[string]bool, error) {
	var rows []string
	for _, list := range lists {
		for t := range list.All() {
			if t.Row != "" {
				rows = append(rows, t.Row)
			}
			if len(rows) > manyRows {
				return litellm.AllSharedRows(ctx, q, r.Names, c)
			}
		}
	}
	return litellm.SharedRows(ctx, q, r.Names, c, rows)
}

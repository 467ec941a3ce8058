package explain

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/reconcile"
)

// look is one snapshot of the database.
type look struct {
	*Explainer
	tx         pgx.Tx
	catalog    litellm.Catalog
	withLedger bool
}

// facts reads all that comes into it for the team or key of that name.
func (l *look) facts(ctx context.Context, n name) (f facts, err error) {
	f = facts{now: l.now()}
	if f.team, f.key, err = l.find(ctx, n); err != nil {
		return f, err
	}
	if f.registry, err = litellm.ReadRegistry(ctx, l.tx, l.Names, l.catalog); err != nil {
		return f, err
	}
	if f.key != nil && f.key.Team != "" {
		teams, err := litellm.ReadTeams(ctx, l.tx, l.Names, []string{f.key.Team})
		if err != nil {
			return f, err
		}
		for _, t := range teams { // others may have its id for an alias
			if t.ID == f.key.Team {
				f.team = &t
			}
		}
	}
	if f.team == nil {
		return f, nil
	}
	if f.organization, err = litellm.ReadOrganization(ctx, l.tx, l.Names, f.team.ID); err != nil {
		return f, err
	}
	if f.claims, err = litellm.ReadClaims(ctx, l.tx, l.Names, f.team.ID); err != nil {
		return f, err
	}
	f.leftOutBy = leftOutBy(l.Selection, *f.team, f.organization)
	if l.withLedger {
		if f.memory, err = l.memory(ctx, *f.team); err != nil {
			return f, err
		}
	}
	f.change = f.pass(l.Policy)
	return f, nil
}

// memory reads what the ledger knows of a team. Of a row that the team has no
// longer nothing is owned.
func (l *look) memory(ctx context.Context, t litellm.TeamAccess) (memory, error) {
	var q pgx.Batch
	grants := ledger.QueueRead(&q, l.Names, []string{t.ID})
	if err := l.tx.SendBatch(ctx, &q).Close(); err != nil {
		return memory{}, fmt.Errorf("reading the ledger: %w", err)
	}
	grant, known := grants[t.ID]
	m := memory{known: known}
	if t.RowExists && grant.RowID == *t.RowID {
		m.servers, m.revoked = grant.Servers, grant.Revoked
	}
	var err error
	m.last, err = ledger.LastChanges(ctx, l.tx, l.Names, t.ID)
	return m, err
}

// leftOutBy is the setting that keeps passes from a team, "" for none. Teams
// and organizations are selected by id or alias.
func leftOutBy(s reconcile.Selection, t litellm.TeamAccess, o litellm.Organization) string {
	holds := func(list []string, id, alias string) bool {
		for _, entry := range list {
			if entry != "" && (entry == id || entry == alias) {
				return true
			}
		}
		return false
	}
	switch {
	case holds(s.ExcludeTeams, t.ID, t.Alias):
		return "teams.exclude"
	case len(s.IncludeTeams) > 0 && !holds(s.IncludeTeams, t.ID, t.Alias):
		return "teams.include"
	case len(s.IncludeOrganizations) > 0 && !holds(s.IncludeOrganizations, o.ID, o.Alias):
		return "organizations.include"
	}
	return ""
}

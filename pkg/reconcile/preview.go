package reconcile

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"litellm-reconciler/pkg/impact"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
)

// previewSize is how many teams are previewed at once, with their keys.
const previewSize = 500

// TeamPreview is what a pass would do to one team.
type TeamPreview struct {
	// TeamAccess is the team as it is.
	litellm.TeamAccess
	// Action is Created, Copied or Updated.
	Action ledger.Action
	Change plan.Change
	// State is what Change was decided from.
	State plan.Team
	// GrantedBy are, for each of Change.Added, the ids of the access groups that
	// grant it.
	GrantedBy [][]string
}

// Kept are the entries that stay in the row, each once.
func (t *TeamPreview) Kept() []string {
	var kept []string
	for _, s := range t.Change.After[:len(t.Change.After)-len(t.Change.Added)] {
		if !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// KeyPreview is what a pass would do to one key of the team.
type KeyPreview struct {
	Label string
	impact.Key
}

// Viewer sees what a pass would do: of each drifted team the change, then the
// keys that it affects, then its end.
type Viewer interface {
	Team(*litellm.Registry, *TeamPreview)
	Key(KeyPreview)
	End()
	// Pause comes now and then. A transaction is open all the while: only here
	// may it be kept waiting, and not for long.
	Pause(context.Context) error
}

// Preview does what a dry run does and shows, in the same snapshot, what a pass
// would do to each drifted team, sorted by id. Its memory does not grow with
// what is shown. The report is valid also when an error is returned, as far as
// it got; a *plan.Refusal comes after everything was shown.
func (r *Reconciler) Preview(ctx context.Context, requireKeyAccess bool, v Viewer) (report Report, err error) {
	report = Report{Started: r.now(), DryRun: true, Done: newOutcome()}
	defer func() { report.Duration = r.now().Sub(report.Started) }()

	catalog, withLedger, err := r.inspect(ctx, true)
	if err != nil {
		var refused *pgconn.PgError
		if postgres.MissingRight(err) && errors.As(err, &refused) {
			err = fmt.Errorf("looking for the ledger: %w", refused) // without the GRANTs that a pass needs
		}
		return report, r.withLookGrants(ctx, catalog, err)
	}
	report.Found, err = r.scan(ctx, catalog, withLedger, func(tx pgx.Tx, s *scanner) error {
		report.Scanned = true
		p := previewer{scanner: s, tx: tx, catalog: catalog, requireKeyAccess: requireKeyAccess, viewer: v}
		return p.all(ctx)
	})
	if err != nil {
		return report, r.withLookGrants(ctx, catalog, err)
	}
	report.Done.Skipped[Sentinel] = report.Found.Sentinels
	return report, r.Guard.Check(report.Found.Counts)
}

// withLookGrants names the GRANTs that looking takes, and none to write.
func (r *Reconciler) withLookGrants(ctx context.Context, c litellm.Catalog, err error) error {
	rights := slices.Concat(litellm.ReadRights(r.Names, c), litellm.LookRights(r.Names, c), ledger.LookRights(r.Names))
	return r.withRights(ctx, err, rights)
}

type previewer struct {
	*scanner
	tx               pgx.Tx
	catalog          litellm.Catalog
	registry         *litellm.Registry
	requireKeyAccess bool
	viewer           Viewer
}

func (p *previewer) all(ctx context.Context) error {
	if err := p.begin(ctx); err != nil {
		return err
	}
	p.found.Drifted.Sort() // as keys come, too
	for chunk := range p.found.Drifted.Chunks(previewSize) {
		if err := p.chunk(ctx, idsOf(chunk)); err != nil {
			return err
		}
		if err := p.viewer.Pause(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begin reads what all teams have in common.
func (p *previewer) begin(ctx context.Context) (err error) {
	ctx, cancel := p.answered(ctx)
	defer cancel()
	p.registry, err = litellm.ReadRegistry(ctx, p.tx, p.Names, p.catalog)
	return err
}

// chunk shows some teams, with their keys merged in: both are sorted by team.
func (p *previewer) chunk(ctx context.Context, ids []string) error {
	ctx, cancel := p.answered(ctx)
	defer cancel()
	teams, err := p.read(ctx, ids)
	if err != nil {
		return err
	}
	var effect impact.Team
	show := func(id string) {
		t := teams[id]
		effect = p.impact(t)
		p.viewer.Team(p.registry, t)
	}
	show(ids[0])
	err = litellm.EachKeyOfTeams(ctx, p.tx, p.Names, p.catalog, ids, func(k litellm.KeyAccess) error {
		for ids[0] != k.Team {
			if len(ids) == 1 {
				return fmt.Errorf("the keys of team %q do not come in the order of the teams", k.Team)
			}
			p.viewer.End()
			ids = ids[1:]
			show(ids[0])
		}
		if key := effect.On(k.Key); key.Effect|key.Native != 0 {
			p.viewer.Key(KeyPreview{k.Label(), key})
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.viewer.End()
	for _, id := range ids[1:] {
		show(id)
		p.viewer.End()
	}
	return nil
}

// read decides about teams as a repair would.
func (p *previewer) read(ctx context.Context, ids []string) (map[string]*TeamPreview, error) {
	teams := make(map[string]*TeamPreview, len(ids))
	err := p.examine(ctx, p.tx, ids, func(t examined) {
		t.Shared = p.found.shared[t.row]
		preview := &TeamPreview{Action: ledger.Updated, Change: plan.Decide(p.Policy, t.Team), State: t.Team}
		switch {
		case t.Row == nil:
			preview.Action = ledger.Created
		case t.Shared:
			preview.Action = ledger.Copied
		}
		preview.GrantedBy = p.grantedBy(preview.Change.Added, t.groups)
		teams[t.id] = preview
	})
	if err != nil {
		return nil, err
	}
	access, err := litellm.ReadTeamsByID(ctx, p.tx, p.Names, ids)
	for _, a := range access {
		teams[a.ID].TeamAccess = a
	}
	return teams, err
}

// grantedBy lists for each of the servers, which are sorted, the groups that
// grant it.
func (p *previewer) grantedBy(servers, groups []string) [][]string {
	lists := make([][]string, len(servers))
	slices.Sort(groups)
	for _, group := range slices.Compact(groups) {
		_, granted, _ := p.registry.Group(group)
		for _, s := range granted {
			if at, found := slices.BinarySearch(servers, s); found && !slices.Contains(lists[at], group) {
				lists[at] = append(lists[at], group)
			}
		}
	}
	return lists
}

func (p *previewer) impact(t *TeamPreview) impact.Team {
	after := t.Entitlement
	after.Servers = t.Change.After
	return impact.Team{
		Registry: p.registry, RequireKeyAccess: p.requireKeyAccess, Blocked: t.Blocked,
		Before: t.Entitlement, After: after,
	}
}

// Package explain tells why a team or a key can or cannot use an MCP server:
// who names the server, which entries are owned, and what LiteLLM's versions
// make of it.
package explain

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/reconcile"
)

// Config says what the explanation is about besides the database. All fields
// but Selection and RequireKeyAccess are required.
type Config struct {
	Names     postgres.Names
	Policy    plan.Policy
	Selection reconcile.Selection
	// RequireKeyAccess is LiteLLM's setting require_key_mcp_access_defined,
	// which is not in the database.
	RequireKeyAccess bool
	// LockTimeout and StatementTimeout bound what a statement waits.
	LockTimeout, StatementTimeout time.Duration
}

// Explainer explains, and writes nothing.
type Explainer struct {
	Config
	pool     *pgxpool.Pool
	migrator *ledger.Migrator
	now      func() time.Time
}

// New makes an Explainer. The pool and the migrator belong to the caller.
func New(pool *pgxpool.Pool, migrator *ledger.Migrator, c Config, now func() time.Time) *Explainer {
	return &Explainer{Config: c, pool: pool, migrator: migrator, now: now}
}

// Explain reports on the team or key of that id, alias or masked name, and on
// one server or, where that is "", on all that come into it. Its errors never
// repeat an argument that is Secretive.
func (e *Explainer) Explain(ctx context.Context, subject, server string) (Report, error) {
	n, err := parseName(subject)
	if err != nil {
		return Report{}, err
	}
	if server != "" {
		if server, err = parseServer(server); err != nil {
			return Report{}, err
		}
	}
	l := look{Explainer: e}
	if l.catalog, err = litellm.Inspect(ctx, e.pool, e.Names); err != nil {
		return Report{}, err
	}
	if l.withLedger, err = e.hasLedger(ctx); err != nil {
		return Report{}, e.withGrants(ctx, l, err)
	}
	var report Report
	snapshot := postgres.Snapshot(e.LockTimeout, e.StatementTimeout)
	err = pgx.BeginTxFunc(ctx, e.pool, snapshot, func(tx pgx.Tx) error {
		l.tx = tx
		f, err := l.facts(ctx, n)
		if err != nil {
			return err
		}
		if server != "" {
			if server, err = l.server(ctx, f, server); err != nil {
				return err
			}
		}
		report = l.report(f, server)
		return nil
	})
	return report, e.withGrants(ctx, l, err)
}

// hasLedger reports whether the ledger is installed. Without one nothing is
// owned, and all else can be told.
func (e *Explainer) hasLedger(ctx context.Context) (bool, error) {
	err := e.migrator.Check(ctx)
	if errors.Is(err, ledger.ErrAbsent) {
		return false, nil
	}
	if postgres.MissingRight(err) {
		err = errors.Unwrap(err) // it names the rights to write; to look takes less
	}
	return err == nil, err
}

// withGrants names the missing GRANTs where Postgres only said that a right is
// missing.
func (e *Explainer) withGrants(ctx context.Context, l look, err error) error {
	rights := append(litellm.ReadRights(e.Names, l.catalog), litellm.LookRights(e.Names, l.catalog)...)
	return postgres.WithGrants(ctx, e.pool, err, "tables", append(rights, ledger.LookRights(e.Names)...))
}

// report puts what was read, and what follows from it, into its public form.
func (l *look) report(f facts, server string) Report {
	r := Report{
		Kind: TeamKind, Ledger: l.withLedger, Policy: l.Policy, RequireKeyAccess: l.RequireKeyAccess,
		Servers: f.servers(litellm.Rules{RequireKeyAccess: l.RequireKeyAccess}, server),
	}
	if f.key != nil {
		r.Kind, r.Key = KeyKind, f.reportKey()
	}
	if f.team != nil {
		r.Team = f.reportTeam()
	}
	return r
}

func (f facts) reportKey() *Key {
	k := f.key
	return &Key{
		Alias: k.Alias, Masked: k.Masked, TeamID: k.Team,
		Blocked: k.Blocked, Expired: f.expired(), Expires: k.Expires,
		OptedOut: f.registry.Decide(litellm.Rules{Groups: true}, litellm.Key{Own: k.Own}).OptedOut,
		Own:      lists(k.Own), Groups: f.groups(k.Own.Groups),
		Agent: limit(k.Agent), User: limit(k.User), Organization: limit(k.Organization),
	}
}

func (f facts) reportTeam() *Team {
	t := f.team
	return &Team{
		ID: t.ID, Alias: t.Alias, Blocked: t.Blocked, RowID: t.RowID, RowExists: t.RowExists,
		Row: lists(t.Entitlement), Groups: f.groups(t.Groups), Mismatched: f.mismatched(), Organization: limit(f.organization.Entitlement),
		Drift: Drift{
			Missing: some(f.change.Added), Excess: some(f.change.Removed),
			CeilingCreated: f.change.CeilingCreated, CeilingRemoved: f.change.CeilingRemoved,
			Sentinel: f.sentinel(), LeftOutBy: f.leftOutBy,
		},
	}
}

func (f facts) groups(ids []string) []Group {
	groups := make([]Group, 0, len(ids))
	for _, id := range compact(ids) {
		name, servers, known := f.registry.Group(id)
		groups = append(groups, Group{ID: id, Name: name, Dangling: !known, Servers: some(servers)})
	}
	return groups
}

// mismatched are the groups with the team on their list that are not on its.
func (f facts) mismatched() []Group {
	return f.groups(slices.DeleteFunc(slices.Clone(f.claims), func(id string) bool {
		return slices.Contains(f.team.Groups, id)
	}))
}

func lists(e litellm.Entitlement) Lists {
	return Lists{Servers: some(e.Servers), TagGroups: some(e.TagGroups), ToolServers: some(e.ToolServers)}
}

// limit is nil for lists that name nothing, which do not restrict.
func limit(e litellm.Entitlement) *Lists {
	l := lists(e)
	if l.Empty() {
		return nil
	}
	return &l
}

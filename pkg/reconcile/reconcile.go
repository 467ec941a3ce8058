// Package reconcile makes a pass: it scans for teams whose permission row does
// not carry what their access groups grant, checks what it found against the
// limits, and repairs the teams in small transactions.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/watch"
)

// Config says how a Reconciler works. All fields but Selection are required.
type Config struct {
	Names     postgres.Names
	Policy    plan.Policy
	Guard     plan.Guard
	Selection Selection

	// BatchSize is the number of teams in one transaction.
	BatchSize int
	// Concurrency is the number of transactions at a time.
	Concurrency int
	// LockTimeout and StatementTimeout bound what a repair transaction waits.
	LockTimeout, StatementTimeout time.Duration
	// IdleTimeout is when the server ends a repair transaction whose process
	// does nothing more, so that no lock outlives it.
	IdleTimeout time.Duration
	// Attempts is how often a transaction, or a team that another session has
	// locked, is tried before it is given up for this pass.
	Attempts int
	// Grace is how long a pass may go on after its context was cancelled.
	Grace time.Duration

	// Version and Host are recorded with each run.
	Version, Host string
}

// Reconciler makes passes over one database. It may make several at once, as
// several processes may.
type Reconciler struct {
	Config
	pool     *pgxpool.Pool
	migrator *ledger.Migrator
	log      *slog.Logger
	now      func() time.Time
}

// New makes a Reconciler. The pool and the migrator belong to the caller.
func New(pool *pgxpool.Pool, migrator *ledger.Migrator, c Config, log *slog.Logger, now func() time.Time) *Reconciler {
	return &Reconciler{Config: c, pool: pool, migrator: migrator, log: log, now: now}
}

// Options are about one pass.
type Options struct {
	// Trigger says what the pass was started by; it is recorded.
	Trigger string
	// DryRun finds and reports, and writes nothing.
	DryRun bool
	// AllowRevokes lets the pass through where the guard would refuse it.
	AllowRevokes bool
	// Fence is the term that the writes are made under, nil for a process that
	// takes no part in the election.
	Fence *lease.Fence
	// Standing, if set, learns what React has to know.
	Standing *Standing
	// Progress, if set, hears how many of the drifted teams are done.
	Progress func(done, total int)
}

// Report is what a pass found and did.
type Report struct {
	Started  time.Time
	Duration time.Duration
	DryRun   bool
	// Scanned is whether the scan came to its end, so that Found is complete.
	Scanned bool
	Found   Found
	Done    Outcome
}

// Pass scans, checks the limits and repairs. The report is valid also when an
// error is returned, as far as the pass got. A *plan.Refusal in the error says
// that a limit stopped it. Teams that failed are in the report and no error.
// A cancelled context ends it after the running transaction.
func (r *Reconciler) Pass(ctx context.Context, o Options) (report Report, err error) {
	report = Report{Started: r.now(), DryRun: o.DryRun, Done: newOutcome()}
	defer func() { report.Duration = r.now().Sub(report.Started) }()

	catalog, withLedger, err := r.inspect(ctx, o.DryRun)
	if err != nil {
		return report, r.withGrants(ctx, catalog, err)
	}
	report.Found, err = r.scan(ctx, catalog, withLedger, nil)
	if err != nil {
		return report, r.withGrants(ctx, catalog, err)
	}
	report.Scanned = true
	report.Done.Skipped[Sentinel] = report.Found.Sentinels
	refused := r.Guard.Check(report.Found.Counts)
	if o.AllowRevokes {
		refused = nil
	}
	o.Standing.scannedAll(report.Found, refused)
	if refused != nil {
		return report, refused
	}
	if o.DryRun {
		return report, nil
	}
	report.Done, err = r.repair(ctx, catalog, r.newRun(o.Trigger, report.Started), report.Found, o)
	o.Standing.repairedAll(report.Done)
	return report, r.withGrants(ctx, catalog, err)
}

// CheckRights returns an error that names the GRANTs where the role could not
// repair every team, or not lead.
func (r *Reconciler) CheckRights(ctx context.Context) error {
	catalog, _, err := r.inspect(ctx, false)
	if err != nil {
		return r.withRights(ctx, err, r.daemonRights(catalog))
	}
	ctx, cancel := r.answered(ctx)
	defer cancel()
	return postgres.CheckRights(ctx, r.pool, "tables", r.daemonRights(catalog))
}

func (r *Reconciler) newRun(trigger string, started time.Time) ledger.Run {
	return ledger.Run{
		ID: uuid.Must(uuid.NewV7()), Started: started, Trigger: trigger,
		Policy: r.Policy, Version: r.Version, Host: r.Host,
	}
}

// inspect checks that LiteLLM's tables and the ledger are as needed. Without a
// ledger only a dry run goes on.
func (r *Reconciler) inspect(ctx context.Context, dryRun bool) (litellm.Catalog, bool, error) {
	ctx, cancel := r.answered(ctx)
	defer cancel()
	catalog, err := litellm.Inspect(ctx, r.pool, r.Names)
	if err != nil {
		return catalog, false, err
	}
	err = r.migrator.Check(ctx)
	if dryRun && errors.Is(err, ledger.ErrAbsent) {
		return catalog, false, nil
	}
	return catalog, err == nil, err
}

// withGrants names the missing GRANTs where Postgres only said that a right is
// missing, and the ledger where it only said that a table is.
func (r *Reconciler) withGrants(ctx context.Context, c litellm.Catalog, err error) error {
	return r.withRights(ctx, err, r.rights(c))
}

// rights are what a pass takes.
func (r *Reconciler) rights(c litellm.Catalog) []postgres.Right {
	rights := append(litellm.ReadRights(r.Names, c), litellm.WriteRights(r.Names, c)...)
	if len(r.Selection.IncludeOrganizations) > 0 {
		rights = append(rights, litellm.OrganizationRights(r.Names)...)
	}
	return append(rights, ledger.Rights(r.Names)...)
}

// daemonRights are what leading and reacting takes on top.
func (r *Reconciler) daemonRights(c litellm.Catalog) []postgres.Right {
	return slices.Concat(r.rights(c), lease.Rights(r.Names), watch.Rights(r.Names))
}

// withRights does so for what takes these rights.
func (r *Reconciler) withRights(ctx context.Context, err error, rights []postgres.Right) error {
	if postgres.MissingObject(err) && strings.Contains(err.Error(), `"`+r.Names.Ledger+".") {
		return fmt.Errorf("%w: restore its tables from a backup, or start over with migrate down and up: %w", ledger.ErrIncomplete, err)
	}
	return postgres.WithGrants(ctx, r.pool, err, "tables", rights)
}

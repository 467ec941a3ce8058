package doctor

import (
	"context"
	"errors"

	"litellm-reconciler/pkg/postgres"
	"litellm-reconciler/pkg/watch"
)

// events looks at this program's own triggers.
func (e *exam) events(ctx context.Context) ([]Check, error) {
	const install = "litellm-reconciler migrate triggers install"
	limits := e.Config.Repair
	w := watch.Watch{Pool: e.Pool, Names: e.Names, LockTimeout: limits.LockTimeout, StatementTimeout: limits.StatementTimeout}
	triggers, err := w.Status(ctx)
	if err != nil {
		return nil, err
	}
	installed, missing, powerless := 0, 0, 0
	for _, t := range triggers {
		switch t.State {
		case watch.Installed:
			installed++
		case watch.Missing:
			missing++
		case watch.Powerless:
			powerless++
		}
	}
	switch {
	case installed == len(triggers) && e.here.pooled && !e.hasDirect():
		return good("changes are noted by triggers, and looked for every %s", e.Config.Watch.PollInterval), nil
	case installed == len(triggers):
		return good("changes are noted by triggers, and repaired at once"), nil
	case powerless > 0:
		return finding(Warn, "", "%v", w.Check(ctx)), nil
	case e.Config.Watch.Triggers && e.recorded:
		return e.toWatch(ctx)
	case missing < len(triggers):
		return finding(Warn, install, "%v", w.Check(ctx)), nil
	}
	return good("no triggers: changes are repaired by the scheduled passes"), nil
}

// toWatch is whether the daemon can install the triggers.
func (e *exam) toWatch(ctx context.Context) ([]Check, error) {
	err := postgres.CheckRights(ctx, e.Pool, "tables", watch.InstallRights(e.Names))
	if errors.Is(err, postgres.ErrMissingRight) {
		return finding(Warn, "", "triggers are missing, and the daemon cannot install them: %v", err), nil
	}
	return good("triggers are missing, and the daemon installs them"), err
}

package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
)

// viewer notes what it is shown.
type viewer struct {
	seen    []string
	onPause func() error
}

func (v *viewer) Team(_ *litellm.Registry, t *reconcile.TeamPreview) {
	v.seen = append(v.seen, fmt.Sprintf("%s %s %v %v", t.ID, t.Action, t.Change.Added, t.GrantedBy))
}

func (v *viewer) Key(k reconcile.KeyPreview) {
	v.seen = append(v.seen, fmt.Sprintf("%s %v", k.Label, k.Effect.Split()))
}

func (v *viewer) End() { v.seen = append(v.seen, "end") }

func (v *viewer) Pause(context.Context) error {
	if v.onPause != nil {
		return v.onPause()
	}
	return nil
}

func (b *bundle) preview(t *testing.T, v *viewer) (reconcile.Report, error) {
	t.Helper()
	return reconcile.New(b.pool, b.migrator, b.config, slog.New(slog.DiscardHandler), time.Now).Preview(t.Context(), false, v)
}

func TestAPreviewShowsTeamsAndTheirKeysInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.Group(t, "general", "github", "jira")
	b.Group(t, "more", "jira")
	for _, team := range []string{"c", "a", "b", "fine"} {
		b.Team(t, team, "general", "nowhere", "more")
		b.Key(t, "key of "+team, team)
	}
	b.Row(t, "row", "jira", "github")
	b.LinkTeam(t, "fine", "row")
	b.Exec(t, `DELETE FROM {schema}."LiteLLM_VerificationToken" WHERE team_id IN ('b', 'fine')`)
	v := &viewer{}

	report, err := b.preview(t, v)

	want := []string{
		"a created [github jira] [[general] [general more]]", "alias of key of a [gain]", "end",
		"b created [github jira] [[general] [general more]]", "end",
		"c created [github jira] [[general] [general more]]", "alias of key of c [gain]", "end",
	}
	if diff := cmp.Diff(want, v.seen); diff != "" || err != nil {
		t.Errorf("%v, %s", err, diff)
	}
	if !report.Scanned || report.Found.Granted != 6 || report.Found.Stale.Len() != 1 {
		t.Errorf("the report is %+v", report)
	}
}

// crowd makes more teams without a row than a preview reads at once.
func (b *bundle) crowd(t *testing.T) {
	t.Helper()
	err := pgtest.Populate(t.Context(), b.Pool, b.Schema, pgtest.PopulateOptions{
		Teams: 1500, Groups: 5, Servers: 5, ServersPerGroup: 2, GroupsPerTeam: 1, Missing: 1500,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What was found and what is shown are of the same moment.
func TestAPreviewIsOfOneSnapshot(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.crowd(t)
	pauses := 0
	v := &viewer{onPause: func() error {
		pauses++
		b.Exec(t, `DELETE FROM {schema}."LiteLLM_TeamTable"`)
		return nil
	}}
	report, err := b.preview(t, v)
	if err != nil || pauses != 3 || len(v.seen) != 2*1500 || report.Found.Drifted.Len() != 1500 {
		t.Errorf("%v, %d pauses, %d teams shown, %d found", err, pauses, len(v.seen)/2, report.Found.Drifted.Len())
	}
}

func TestAViewerWhoHasSeenEnoughEndsAPreview(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.crowd(t)
	enough := errors.New("enough")
	v := &viewer{onPause: func() error { return enough }}
	report, err := b.preview(t, v)
	if !errors.Is(err, enough) || len(v.seen) != 2*500 || !report.Scanned || report.Found.Drifted.Len() != 1500 {
		t.Errorf("%v, %d teams shown, %d found", err, len(v.seen)/2, report.Found.Drifted.Len())
	}
	if _, err := b.preview(t, &viewer{}); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

func TestAPreviewShowsWhatALimitWouldRefuse(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.V1_83_14)
	b.config.Guard.MaxCeilingsCreated = 0
	b.Group(t, "general", "github")
	b.Team(t, "team", "general")
	v := &viewer{}
	_, err := b.preview(t, v)
	var refusal *plan.Refusal
	if !errors.As(err, &refusal) || refusal.Limit != plan.CeilingsCreated || len(v.seen) != 2 {
		t.Errorf("%v, seen %v", err, v.seen)
	}
}

package reconcile_test

import (
	"errors"
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/lease"
	"litellm-reconciler/pkg/reconcile"
)

func TestAFormerLeaderWritesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.Newest)
	b.many(t, 5)
	b.Exec(t, `INSERT INTO litellm_reconciler.lease VALUES ('daemon', 'me', 2, now(), now() + interval '1 minute')`)
	report, err := b.pass(t, reconcile.Options{Fence: &lease.Fence{Holder: "me", Term: 1}})
	if !errors.Is(err, lease.ErrLost) || report.Done.Teams != 0 {
		t.Errorf("%+v %v", report.Done, err)
	}
	if n := pgtest.Scalar[int](t, b.Database, `SELECT (SELECT count(*) FROM litellm_reconciler.grants) + (SELECT count(*) FROM "LiteLLM_ObjectPermissionTable")`); n != 0 {
		t.Error(n)
	}
	report, err = b.pass(t, reconcile.Options{Fence: &lease.Fence{Holder: "me", Term: 2}})
	if err != nil || report.Done.Teams != 5 {
		t.Errorf("%+v %v", report.Done, err)
	}
}

package doctor_test

import (
	"testing"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/doctor"
)

func TestAPoolerInBetweenIsNoticed(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"transaction", "session"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			install(t, db)
			pooled := db.Pooled(t, mode)

			r := examine(t, with(pooled), doctor.Daemon)
			want(t, r, "pooler", doctor.Warn, "no direct URL is given: set database.direct_url (DIRECT_URL)")
			wantOnly(t, r, "pooler")

			r = examine(t, with(pooled, "DIRECT_URL", db.URL), doctor.Daemon)
			want(t, r, "pooler", doctor.OK, "a direct URL is given")
			want(t, r, "direct_url", doctor.OK, "the same database, no pooler in between")
			want(t, r, "writers", doctor.OK, "behind a pooler")
			wantOnly(t, r)

			r = examine(t, with(db.URL, "DIRECT_URL", pooled), doctor.Daemon)
			want(t, r, "direct_url", doctor.Warn, "a pooler is in between here as well")

			wantOnly(t, examine(t, with(pooled), doctor.Plan))
		})
	}
}

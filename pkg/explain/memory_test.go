package explain

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
)

func last(removed bool, ago time.Duration, groups ...string) ledger.Last {
	return ledger.Last{Removed: removed, At: now.Add(-ago), Run: uuid.Nil, Groups: groups}
}

func TestTheLedgerSaysWhatIsOwnedAndSinceWhen(t *testing.T) {
	t.Parallel()
	m := memory{servers: []string{"a", "b", "c"}, last: map[string]ledger.Last{
		"a": last(false, time.Hour, "of a"), "b": last(true, time.Hour), "d": last(false, time.Hour),
	}}
	type owned struct {
		Owned   bool
		Granted *Event
	}
	for entry, want := range map[string]owned{
		"a": {true, &Event{At: now.Add(-time.Hour), Run: uuid.Nil.String(), Entry: "a", Groups: []string{"of a"}}},
		"b": {Owned: true}, // it came back, and was granted again without a change
		"c": {Owned: true}, // its change was deleted, or another team's
		"d": {},            // an administrator's by now
	} {
		var got owned
		got.Owned, got.Granted = m.owned(entry)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", entry, diff)
		}
	}
}

func TestWhatWasRevokedLatelyIsListedUnasked(t *testing.T) {
	t.Parallel()
	f := facts{registry: testRegistry(), now: now, team: team(servers("c")), memory: memory{last: map[string]ledger.Last{
		"a": last(true, 3*time.Hour), "alpha": last(true, 2*time.Hour), "b": last(true, 25*time.Hour), "c": last(true, time.Hour), "d": last(false, time.Hour),
	}}}
	got := map[string]string{}
	for _, s := range f.servers(litellm.Rules{}, "") {
		got[s.ID] = ""
		if s.Revoked != nil {
			got[s.ID] = s.Revoked.Entry + " " + now.Sub(s.Revoked.At).String()
		}
	}
	want := map[string]string{"a": "alpha 2h0m0s", "c": "", "o": ""} // c is back for good
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s := f.servers(litellm.Rules{}, "b")[0]; s.Revoked == nil {
		t.Error("asked for, what was revoked the day before is not told")
	}
}

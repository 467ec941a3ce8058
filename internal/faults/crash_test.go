//go:build faults

package faults_test

import (
	"fmt"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"litellm-reconciler/internal/faults/pgproxy"
	"litellm-reconciler/internal/pgtest"
)

func TestACrashAfterAnyStatementOfARepairLosesNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	everyKind(t, db)
	i := inject(t, "kill -9 after each statement of a pass")

	disturb(t, i, db, pgproxy.Message.Executes, func(process *exec.Cmd) pgproxy.Verdict {
		_ = process.Process.Kill()
		return pgproxy.LoseAnswer
	}, -1)
}

// disturb makes one pass after the other over copies of the database, each
// disturbed at another one of all points. The fault says what becomes of the
// message there. The disturbed pass may end as it likes, or with the given code
// only if that is not 0. The pass after it has to bring everything to where it
// is without a fault.
func disturb(t *testing.T, i *injection, db *pgtest.Database, isPoint func(pgproxy.Message) bool, fault func(*exec.Cmd) pgproxy.Verdict, code int) {
	t.Helper()
	was := photograph(t, db)
	undisturbed := twin(t, db, "twin")
	proxy, through := before(t, undisturbed.URL)
	var points atomic.Int64
	proxy.SetRule(func(m pgproxy.Message) pgproxy.Verdict {
		if isPoint(m) {
			points.Add(1)
		}
		return pgproxy.Pass
	})
	once(t, at(through), smallBatches)
	target := photograph(t, undisturbed)
	if err := inSync(t, of(undisturbed)); err != nil {
		t.Fatal(err)
	}
	for point := range points.Load() {
		t.Run(fmt.Sprint(point+1), func(t *testing.T) {
			t.Parallel()
			copied := twin(t, db, fmt.Sprint(point+1))
			where, r := disturbed(t, copied, isPoint, point+1, fault)
			i.add()
			if code != 0 && r.code != code {
				t.Errorf("%s: exit code %d, want %d: %s", where, r.code, code, r.stderr)
			}
			i.wantBetween(t, where, was, photograph(t, copied), target)
			began := time.Now()
			once(t, of(copied), smallBatches)
			i.longest("longest pass after it", time.Since(began))
			i.wantSame(t, where, photograph(t, copied), target)
		})
	}
}

// disturbed makes a pass that meets a fault at a point, counted from 1, and
// returns what that was and how the pass ended.
func disturbed(t *testing.T, db *pgtest.Database, isPoint func(pgproxy.Message) bool, point int64, fault func(*exec.Cmd) pgproxy.Verdict) (where string, r result) {
	t.Helper()
	proxy, through := before(t, db.URL)
	var met atomic.Pointer[pgproxy.Message]
	r = run(t, at(through), func(process *exec.Cmd) {
		var points atomic.Int64
		proxy.SetRule(func(m pgproxy.Message) pgproxy.Verdict {
			if !isPoint(m) || points.Add(1) != point {
				return pgproxy.Pass
			}
			met.Store(&m)
			return fault(process)
		})
	}, "--once", smallBatches)
	proxy.SetRule(nil)
	quiet(t, db)
	m := met.Load()
	if m == nil && r.code == 0 {
		t.Skip("fewer points this time: how often a lock is asked for is a matter of time")
	} else if m == nil {
		t.Fatalf("an undisturbed pass ends with %d: %s", r.code, r.stderr)
	}
	return fmt.Sprintf("fault %d, at message %d %c %.60q", point, m.Number, m.Type, m.SQL), r
}

//go:build faults

package faults_test

import (
	"fmt"
	"os/exec"
	"sync/atomic"
	"testing"

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
// disturbed once and one point later, until no point is left. The fault says
// what becomes of the message there. The disturbed pass may end as it likes, or
// with the given code only if that is not 0. The pass after it has to bring
// everything to where it is without a fault.
func disturb(t *testing.T, i *injection, db *pgtest.Database, isPoint func(pgproxy.Message) bool, fault func(*exec.Cmd) pgproxy.Verdict, code int) {
	t.Helper()
	was := photograph(t, db)
	undisturbed := twin(t, db, "twin")
	once(t, of(undisturbed), 0, smallBatches)
	target := photograph(t, undisturbed)
	if err := inSync(t, of(undisturbed)); err != nil {
		t.Fatal(err)
	}

	for point := 1; !t.Failed(); point++ {
		var met atomic.Pointer[pgproxy.Message]
		t.Run(fmt.Sprint(point), func(t *testing.T) {
			copied := twin(t, db, fmt.Sprint(point))
			proxy, through := before(t, copied.URL)
			r := run(t, at(through), func(process *exec.Cmd) {
				var points atomic.Int64
				proxy.SetRule(func(m pgproxy.Message) pgproxy.Verdict {
					if !isPoint(m) || points.Add(1) != int64(point) {
						return pgproxy.Pass
					}
					met.Store(&m)
					return fault(process)
				})
			}, "--once", smallBatches)
			proxy.SetRule(nil)
			quiet(t, copied)
			m := met.Load()
			if m == nil {
				if r.code != 0 {
					t.Errorf("an undisturbed pass ends with %d: %s", r.code, r.stderr)
				}
				return
			}
			i.injected++
			where := fmt.Sprintf("fault %d, at message %d %c %.60q", point, m.Number, m.Type, m.SQL)
			if code != 0 && r.code != code {
				t.Errorf("%s: exit code %d, want %d: %s", where, r.code, code, r.stderr)
			}
			i.wantBetween(t, where, was, photograph(t, copied), target)
			once(t, of(copied), 0, smallBatches)
			i.wantSame(t, where, photograph(t, copied), target)
		})
		if met.Load() == nil {
			break
		}
	}
}

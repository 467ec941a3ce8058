package lab

import (
	"bytes"
	"encoding/binary"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/bench/results"
)

func TestALockLastsFromTheSampleBeforeToTheSampleAfter(t *testing.T) {
	t.Parallel()
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	w := &locks{seen: map[lockHolder]time.Time{}}
	one, other := lockHolder{1, 7}, lockHolder{2, 7}
	w.observe([]lockHolder{one}, at(0), at(10))
	w.observe([]lockHolder{one}, at(10), at(20))
	if w.longest != 0 {
		t.Errorf("%s counted of a lock that is still held", w.longest)
	}
	w.observe([]lockHolder{other}, at(20), at(30)) // the same process, another transaction
	if want := 30 * time.Millisecond; w.longest != want {
		t.Errorf("%s, want %s", w.longest, want)
	}
	w.observe(nil, at(30), at(40))
	if want := 30 * time.Millisecond; w.longest != want {
		t.Errorf("a shorter lock made it %s, want %s", w.longest, want)
	}
}

func TestAnUpdateCountsForThePhaseInWhichItWasDue(t *testing.T) {
	t.Parallel()
	start := time.Unix(100, 0)
	s := &spend{samples: []sample{
		{start.Add(-time.Millisecond), time.Hour},   // too early
		{start, time.Second},                        // and as late as it was
		{start.Add(time.Second), 3 * time.Second},   // made after the end
		{start.Add(2 * time.Second), time.Hour},     // too late
		{start.Add(3 * time.Second), 2 * time.Hour}, // too late
	}}
	want := &results.Latency{N: 2, P50: 1, P99: 3, Max: 3}
	if diff := cmp.Diff(want, s.between(start, start.Add(2*time.Second))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// message is one of Postgres' protocol; the first of a session has no type.
func message(kind byte, body string) []byte {
	var m []byte
	if kind != 0 {
		m = append(m, kind)
	}
	m = binary.BigEndian.AppendUint32(m, uint32(len(body)+4))
	return append(m, body...)
}

func TestTheFirstStatementIsSeenAndNothingIsLost(t *testing.T) {
	t.Parallel()
	session := bytes.Join([][]byte{
		message(0, "QQQQ a startup that looks like a query"), message('p', "password"), message('P', "SELECT 1"), message('Q', "SELECT 2"),
	}, nil)
	var server bytes.Buffer
	seen := make(chan time.Time, 1)
	watchFor(bytes.NewReader(session), &server, seen)
	if !bytes.Equal(server.Bytes(), session) {
		t.Errorf("the server got %q, want %q", server.Bytes(), session)
	}
	if len(seen) != 1 {
		t.Error("the statement was not seen")
	}

	without := bytes.Join([][]byte{message(0, "startup"), message('p', "password"), message('X', "")}, nil)
	none := make(chan time.Time, 1)
	watchFor(bytes.NewReader(without), &server, none)
	if len(none) != 0 {
		t.Error("a statement was seen where there was none")
	}
}

func TestARunningProcessTellsWhatItUsed(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("known on Linux alone")
	}
	before := processor(os.Getpid())
	for began := time.Now(); processor(os.Getpid()) < before+0.05; {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%v s of a process that is busy, %v before", processor(os.Getpid()), before)
		}
	}
	if got := processor(0); got != 0 {
		t.Errorf("no process used %v s", got)
	}
}

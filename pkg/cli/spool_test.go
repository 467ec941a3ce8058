package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// noise is a text that cannot be compressed to much less than half of its size.
func noise(size int) string {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < size {
		b.WriteByte(byte(' ' + random.IntN(95)))
	}
	return b.String()
}

func TestASpoolHandsOnWhatItWasGivenAndKeepsLittle(t *testing.T) {
	t.Parallel()
	var to bytes.Buffer
	s := newSpool(&to)
	s.most = 1 << 16
	part := noise(1 << 14)
	most := 0
	for range 100 {
		s.print(part)
		most = max(most, s.kept.Len())
		if err := s.Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if to.Len() == 0 || most > 4*s.most {
		t.Errorf("%d bytes are kept, %d handed on", most, to.Len())
	}
	s.print("the end")
	if err := s.release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := to.String(); got != strings.Repeat(part, 100)+"the end" {
		t.Errorf("%d bytes came through, not what was written", len(got))
	}
}

func TestASpoolHandsNothingOnBeforeItHasTo(t *testing.T) {
	t.Parallel()
	var to bytes.Buffer
	s := newSpool(&to)
	s.print(strings.Repeat("a line like every other\n", 10000))
	if err := s.Pause(t.Context()); err != nil || to.Len() > 0 {
		t.Errorf("%d bytes were handed on, %v", to.Len(), err)
	}
}

func TestASpoolDoesNotWaitForAReaderForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		defer func() { _ = reader.Close() }()
		s := newSpool(writer)
		s.most = 100
		s.print(noise(1 << 20))
		began := time.Now()

		err := s.Pause(t.Context())

		if err == nil || !strings.Contains(err.Error(), "write it to a file") || time.Since(began) > spoolPatience+time.Minute {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

func TestAStopEndsTheWaitForAReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		defer func() { _ = reader.Close() }()
		s := newSpool(writer)
		s.print("a line\n")
		stopped := errors.New("stopped")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Hour, func() { cancel(stopped) })
		began := time.Now()
		if err := s.release(ctx); !errors.Is(err, stopped) || time.Since(began) > time.Hour+time.Minute {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

func TestASpoolThatIsStoppedStillTellsAReaderWhoWaits(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var to bytes.Buffer
	s := newSpool(&to)
	s.print("what there is\n")
	if err := s.release(ctx); err != nil || to.String() != "what there is\n" {
		t.Errorf("%q, %v", &to, err)
	}
}

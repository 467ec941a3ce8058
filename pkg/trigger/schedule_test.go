package trigger

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestEveryWaitsTheInterval(t *testing.T) {
	t.Parallel()
	s, err := Every(5*time.Minute, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 29, 0, 59, 0, 7, time.UTC)
	if got, want := s.Next(now), now.Add(5*time.Minute); !got.Equal(want) {
		t.Errorf("Next = %s, want %s", got, want)
	}
	if got := s.Period(); got != 5*time.Minute {
		t.Errorf("Period = %s", got)
	}
	if got := s.String(); got != "every 5m0s" {
		t.Errorf("String = %q", got)
	}
}

func TestEveryJitterSpreadsAroundTheInterval(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for random, want := range map[float64]time.Duration{
		0:    90 * time.Second,
		0.5:  100 * time.Second,
		0.75: 105 * time.Second,
	} {
		s, err := Every(100*time.Second, 0.1, func() float64 { return random })
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Next(now).Sub(now); got != want {
			t.Errorf("with random %g: wait %s, want %s", random, got, want)
		}
		if got := s.Period(); got != 110*time.Second {
			t.Errorf("Period = %s, want the longest wait", got)
		}
		if got := s.String(); got != "every 1m40s ± 10%" {
			t.Errorf("String = %q", got)
		}
	}
}

func TestEveryRefuses(t *testing.T) {
	t.Parallel()
	half := func() float64 { return 0.5 }
	for name, c := range map[string]struct {
		interval time.Duration
		jitter   float64
		random   func() float64
		want     string
	}{
		"no interval":       {0, 0, nil, "interval 0s is too short, use 1s or more"},
		"less than 1 s":     {999 * time.Millisecond, 0, nil, "too short"},
		"jitter of all":     {time.Minute, 1, half, "jitter 1 is not a fraction"},
		"negative jitter":   {time.Minute, -0.1, half, "jitter -0.1 is not a fraction"},
		"jitter that isn't": {time.Minute, math.NaN(), half, "jitter NaN is not a fraction"},
		"jitter unsourced":  {time.Minute, 0.1, nil, "source of random numbers"},
	} {
		if _, err := Every(c.interval, c.jitter, c.random); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

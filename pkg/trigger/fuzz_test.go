package trigger

import (
	"strings"
	"testing"
	"time"
)

// A schedule that is accepted always has a next time, and finds it at once.
func FuzzSchedule(f *testing.F) {
	for _, spec := range []string{
		"* * * * *", "30 2 29 2 *", "0 0 31 12 7", "*/59 23 * * sun", "CRON_TZ=Europe/Berlin 30 2 * * *", "TZ=America/St_Johns 0-59/61 1-3,5 ? jan mon",
		"@every 1m", "@yearly", "@every 1e3h", "@every 2562047h47m16.854775807s", "0 0 30 2 *", "\n", "a,b c d e f", "1-0 * * * *", "*/0 * * * *",
	} {
		f.Add(spec, "", int64(1774744200))
		f.Add(spec, "Europe/Berlin", int64(1792889999))
	}
	f.Fuzz(func(t *testing.T, spec, timezone string, seconds int64) {
		const most = 100 * 365 * 24 * 60 * 60
		now := time.Unix((seconds%most+most)%most, 0)
		began := time.Now()
		s, err := Cron(spec, timezone)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("error %q", err)
			}
			return
		}
		for range 5 {
			next := s.Next(now)
			if !next.After(now) {
				t.Fatalf("%s is not after %s", next, now)
			}
			now = next
		}
		if s.Period() <= 0 || s.String() == "" {
			t.Errorf("period %s, shown as %q", s.Period(), s)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

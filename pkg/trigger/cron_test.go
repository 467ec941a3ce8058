package trigger

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the outcome must not depend on the host

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func mustCron(t *testing.T, spec, timezone string) Schedule {
	t.Helper()
	s, err := Cron(spec, timezone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// runs lists the first n runs after a time, as local times with their offset.
func runs(t *testing.T, s Schedule, after string, n int) []string {
	t.Helper()
	now, err := time.Parse(time.RFC3339, after)
	if err != nil {
		t.Fatal(err)
	}
	var times []string
	for range n {
		now = s.Next(now)
		times = append(times, now.Format("Jan 2 15:04 -07"))
	}
	return times
}

func TestCronRuns(t *testing.T) {
	t.Parallel()
	const berlin, newYork, cairo = "Europe/Berlin", "America/New_York", "Africa/Cairo"
	for name, c := range map[string]struct {
		spec, zone, after string
		want              []string
	}{
		"five fields, in UTC unless told": {
			"30 2 * * 1-5", "", "2026-11-20T12:00:00+02:00",
			[]string{"Nov 23 02:30 +00", "Nov 24 02:30 +00"},
		},
		"in the zone given": {
			"30 2 * * *", berlin, "2026-07-01T00:00:00Z",
			[]string{"Jul 1 02:30 +02", "Jul 2 02:30 +02"},
		},
		"in the zone of a TZ prefix": {
			"TZ=Europe/Berlin 30 2 * * *", "", "2026-07-01T00:00:00Z",
			[]string{"Jul 1 02:30 +02"},
		},
		"in the zone of a CRON_TZ prefix, whatever the white space": {
			" CRON_TZ=Europe/Berlin\t @daily ", "", "2026-07-01T00:00:00Z",
			[]string{"Jul 2 00:00 +02"},
		},
		"descriptor": {
			"@hourly", "", "2026-07-01T00:00:00.5Z",
			[]string{"Jul 1 01:00 +00", "Jul 1 02:00 +00"},
		},
		"@every": {
			"@every 90m", berlin, "2026-07-01T00:00:00Z",
			[]string{"Jul 1 01:30 +00", "Jul 1 03:00 +00"},
		},

		"Berlin spring: a run in the missing hour moves behind it": {
			"30 2 * * *", berlin, "2026-03-28T03:00:00+01:00",
			[]string{"Mar 29 03:30 +02", "Mar 30 02:30 +02"},
		},
		"New York spring: a run in the missing hour moves behind it": {
			"30 2 * * *", newYork, "2026-03-07T03:00:00-05:00",
			[]string{"Mar 8 03:30 -04", "Mar 9 02:30 -04"},
		},
		"Berlin spring: a weekly run on the day itself is not lost": {
			"0 2 * * 0", berlin, "2026-03-25T00:00:00+01:00",
			[]string{"Mar 29 03:00 +02", "Apr 5 02:00 +02"},
		},
		"Cairo spring: the missing hour may be the first of the day": {
			"0 0 * * *", cairo, "2026-04-22T12:00:00+02:00",
			[]string{"Apr 23 00:00 +02", "Apr 24 01:00 +03", "Apr 25 00:00 +03"},
		},
		"Berlin spring: steps go on": {
			"*/20 * * * *", berlin, "2026-03-29T01:30:00+01:00",
			[]string{"Mar 29 01:40 +01", "Mar 29 03:00 +02", "Mar 29 03:20 +02"},
		},
		"New York spring: hours around the missing one run once": {
			"0 1-4 * * *", newYork, "2026-03-08T00:30:00-05:00",
			[]string{"Mar 8 01:00 -05", "Mar 8 03:00 -04", "Mar 8 04:00 -04"},
		},

		"Berlin autumn: a run in the repeated hour comes twice": {
			"30 2 * * *", berlin, "2026-10-24T12:00:00+02:00",
			[]string{"Oct 25 02:30 +02", "Oct 25 02:30 +01", "Oct 26 02:30 +01"},
		},
		"New York autumn: a run in the repeated hour comes twice": {
			"30 1 * * *", newYork, "2026-10-31T12:00:00-04:00",
			[]string{"Nov 1 01:30 -04", "Nov 1 01:30 -05", "Nov 2 01:30 -05"},
		},
		"Berlin autumn: steps go on through the repeated hour": {
			"*/5 * * * *", berlin, "2026-10-25T02:47:00+02:00",
			[]string{"Oct 25 02:50 +02", "Oct 25 02:55 +02", "Oct 25 02:00 +01", "Oct 25 02:05 +01"},
		},
		"New York autumn: steps go on through the repeated hour": {
			"*/5 * * * *", newYork, "2026-11-01T01:47:00-04:00",
			[]string{"Nov 1 01:50 -04", "Nov 1 01:55 -04", "Nov 1 01:00 -05", "Nov 1 01:05 -05"},
		},
		"Berlin autumn: steps go on after the repeated hour": {
			"*/30 * * * *", berlin, "2026-10-25T02:10:00+01:00",
			[]string{"Oct 25 02:30 +01", "Oct 25 03:00 +01"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runs(t, mustCron(t, c.spec, c.zone), c.after, len(c.want))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCronFindsALeapDayEightYearsAhead(t *testing.T) {
	t.Parallel()
	s := mustCron(t, "0 0 29 2 *", "")
	now := time.Date(2097, 1, 1, 0, 0, 0, 0, time.UTC)
	var dates []string
	for now.Year() < 2105 {
		now = s.Next(now)
		dates = append(dates, now.Format(time.DateOnly))
	}
	// The run of 2101, a period on, is one too many, and better than none.
	if diff := cmp.Diff([]string{"2101-01-02", "2104-02-29", "2108-02-29"}, dates); diff != "" {
		t.Error(diff)
	}
}

func TestCronNextComesAfterNowAndAtLeastOnceAPeriod(t *testing.T) {
	t.Parallel()
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu"}
	specs := []string{"*/5 * * * *", "30 2 * * *", "0 0 * * *", "15,45 1-3 * * *", "0 9-17 * * 1-5", "59 23 * * 0", "@weekly", "30 0 1 * *"}
	schedules := map[string]Schedule{}
	for _, zone := range zones {
		for _, spec := range specs {
			schedules[zone+" "+spec] = mustCron(t, spec, zone)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		zone, spec := rapid.SampledFrom(zones).Draw(t, "zone"), rapid.SampledFrom(specs).Draw(t, "spec")
		now := time.Unix(rapid.Int64Range(1767225600, 1830297600).Draw(t, "now"), 0) // 2026 and 2027
		s := schedules[zone+" "+spec]
		next := s.Next(now)
		if !next.After(now) {
			t.Fatalf("%s is not after %s", next, now)
		}
		if wait, limit := next.Sub(now), s.Period()+time.Hour; wait > limit {
			t.Fatalf("%s after %s is a wait of %s, more than %s", next, now, wait, limit)
		}
	})
}

func TestCronPeriodIsTheLongestGap(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for spec, want := range map[string]time.Duration{
		"* * * * *":        time.Minute,
		"*/5 * * * *":      5 * time.Minute,
		"*/7 * * * *":      7 * time.Minute,
		"@hourly":          time.Hour,
		"@every 90s":       90 * time.Second,
		"30 2 * * *":       day,
		"0 8,9 * * *":      23 * time.Hour,
		"0 9-17 * * 1-5":   64 * time.Hour,
		"* 9-17 * 1-6 1-5": (184+2)*day + 15*time.Hour + time.Minute, // Friday 29 June 17:59 to Tuesday 1 January 09:00, with a weekend
		"0 0 1 * *":        31 * day,
		"0 0 29 2 *":       (4*365 + 1) * day,
	} {
		if got := mustCron(t, spec, "").Period(); got != want {
			t.Errorf("%s: %s, want %s", spec, got, want)
		}
	}
}

func TestCronString(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]Schedule{
		"cron 30 2 * * * (Europe/Berlin)": mustCron(t, "TZ=Europe/Berlin 30 2 * * *", ""),
		"cron @daily (UTC)":               mustCron(t, "@daily", ""),
		"every 5m0s":                      mustCron(t, "@every 5m", ""),
	} {
		if got := s.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCronRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ spec, zone, want string }{
		{"", "", "has 0 fields"},
		{"5 4 * *", "", "has 4 fields"},
		{"0 */5 * * * *", "", "has 6 fields (seconds are not supported), use five fields"},
		{"60 * * * *", "", "end of range (60) above maximum (59)"},
		{"@fortnightly", "", "unrecognized descriptor: @fortnightly"},
		{"0 0 31 2 *", "", "never fires"},
		{", * * * *", "", "never fires"},
		{"@every 500ms", "", "interval 500ms is too short, use 1s or more"},
		{"@every -1m", "", "too short"},
		{"@every soon", "", "use one such as 90s or 5m"},
		{"@every", "", "unrecognized descriptor"},
		{"TZ=Europe/Berlin", "", "needs a time zone and then a schedule"},
		{"CRON_TZ=", "", "needs a time zone and then a schedule"},
		{"TZ= * * * * *", "", "needs a time zone and then a schedule"},
		{"TZ=UTC TZ=UTC", "", "names two time zones"},
		{"TZ=UTC CRON_TZ=Europe/Berlin * * * * *", "", "names two time zones"},
		{"TZ=UTC * * * * *", "Europe/Berlin", "names the time zone UTC while the time zone is also set to Europe/Berlin"},
		{"TZ=Mars/Olympus * * * * *", "", `time zone "Mars/Olympus" is not known`},
		{"@every 1m", "Mars/Olympus", `time zone "Mars/Olympus" is not known`},
		{"* * * * *", "../UTC", `time zone "../UTC" is not known`},
	} {
		_, err := Cron(c.spec, c.zone)
		if err == nil {
			t.Errorf("%q is accepted", c.spec)
			continue
		}
		if msg := err.Error(); !strings.Contains(msg, `cron schedule "`+c.spec+`": `) || !strings.Contains(msg, c.want) {
			t.Errorf("%q: %q does not name the spec and %q", c.spec, msg, c.want)
		}
	}
}

func TestPanicOfTheLibraryIsAnError(t *testing.T) {
	t.Parallel()
	// Cron lets no zone through to the library; this is what one would do.
	if _, err := parseFields("TZ=a,b c d e f"); err == nil {
		t.Error("accepted")
	}
}

func FuzzCron(f *testing.F) {
	f.Add("CRON_TZ=Europe/Berlin 30 2 * * *", "")
	f.Add("@every 1m", "UTC")
	f.Add("0-59/61 1-3,5 ? jan mon", "")
	f.Fuzz(func(t *testing.T, spec, timezone string) {
		s, err := Cron(spec, timezone)
		if err != nil {
			return
		}
		now := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)
		if next := s.Next(now); !next.After(now) {
			t.Errorf("%s is not after %s", next, now)
		}
		if s.Period() <= 0 {
			t.Errorf("period %s", s.Period())
		}
	})
}

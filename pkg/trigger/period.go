package trigger

import (
	"math"
	"time"

	"github.com/robfig/cron/v3"
)

// longestGap returns the longest time between two runs on a clock without
// daylight saving time, and false if the schedule never fires. Looking at the
// runs within a day and at the days apart makes it exact without visiting each
// of the runs.
func longestGap(spec cron.SpecSchedule) (gap time.Duration, fires bool) {
	// The calendar repeats after 28 years, which hold every combination of
	// weekday, month and leap year. They begin in a leap year, so that whatever
	// ever fires does so within the five years the library looks ahead.
	start := time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	before := start.Add(-time.Second)
	emptyField := min(spec.Minute, spec.Hour, spec.Dom, spec.Month, spec.Dow) == 0 // the library takes "," for a field
	if emptyField || spec.Next(before).IsZero() {
		return 0, false
	}

	const every = math.MaxUint64
	clock := spec
	clock.Dom, clock.Month, clock.Dow = every, every, every
	first := clock.Next(before)
	last := first
	for t := clock.Next(first); t.Before(start.AddDate(0, 0, 1)); t = clock.Next(t) {
		gap = max(gap, t.Sub(last))
		last = t
	}

	days := spec
	days.Hour, days.Minute = 1, 1 // midnight
	for day := days.Next(before); day.Before(start.AddDate(28, 0, 0)); {
		next := days.Next(day.Add(24*time.Hour - time.Second)) // there are fewer steps to it from 23:59:59
		gap = max(gap, next.Sub(day)-last.Sub(first))
		day = next
	}
	return gap, true
}

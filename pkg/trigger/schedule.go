// Package trigger decides when a pass runs: on a cron schedule or at an
// interval, one pass at a time, sooner again after a failure.
//
// A pass that is missing leaves permissions broken, a pass too many finds
// nothing to do. Wherever the two have to be weighed, here the extra pass wins.
package trigger

import (
	"errors"
	"fmt"
	"time"
)

// minInterval keeps a mistyped interval from turning the loop into a busy one,
// maxInterval what is derived from one from growing beyond what a Duration holds.
const (
	minInterval = time.Second
	maxInterval = 366 * 24 * time.Hour
)

// Schedule names the times at which a pass is due.
type Schedule interface {
	// Next returns the first run after now.
	Next(now time.Time) time.Time
	// Period returns the longest gap to expect between two runs by the clock
	// on the wall: what a limit on the age of the last pass is derived from.
	// The end of daylight saving time can stretch a gap by an hour.
	Period() time.Duration
	// String describes the schedule for logs.
	String() string
}

// Every returns a schedule whose waits are interval ± jitter*interval, so that
// many daemons started together do not stay together. The jitter is a fraction
// from 0 up to but not including 1; random returns numbers in [0, 1), as
// math/rand/v2.Float64 does.
func Every(interval time.Duration, jitter float64, random func() float64) (Schedule, error) {
	if interval < minInterval {
		return nil, fmt.Errorf("interval %s is too short, use %s or more", interval, minInterval)
	}
	if interval > maxInterval {
		return nil, fmt.Errorf("interval %s is too long, use %s or less", interval, maxInterval)
	}
	if valid := jitter >= 0 && jitter < 1; !valid { // put this way round so that NaN is invalid
		return nil, fmt.Errorf("jitter %g is not a fraction, use 0 or more and less than 1", jitter)
	}
	if jitter > 0 && random == nil {
		return nil, errors.New("a jitter needs a source of random numbers")
	}
	return everySchedule{interval: interval, jitter: jitter, random: random}, nil
}

type everySchedule struct {
	interval time.Duration
	jitter   float64
	random   func() float64
}

func (e everySchedule) Next(now time.Time) time.Time {
	if e.jitter == 0 {
		return now.Add(e.interval)
	}
	return now.Add(scale(e.interval, 1+e.jitter*(2*e.random()-1)))
}

func (e everySchedule) Period() time.Duration {
	return scale(e.interval, 1+e.jitter)
}

func (e everySchedule) String() string {
	if e.jitter == 0 {
		return fmt.Sprintf("every %s", e.interval)
	}
	return fmt.Sprintf("every %s ± %g%%", e.interval, e.jitter*100)
}

func scale(d time.Duration, factor float64) time.Duration {
	return time.Duration(float64(d) * factor)
}

package trigger

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/robfig/cron/v3"
)

// Cron returns the schedule of a cron spec: five fields (minute, hour, day of
// month, month, day of week), or a descriptor such as @hourly or "@every 1m".
// The fields are read on the clock of timezone, an IANA name or "Local" for the
// zone of the host. Without one they are read in UTC, so that a schedule means
// the same on every host. A spec may carry its zone itself, as in
// "CRON_TZ=Europe/Berlin 30 2 * * *".
func Cron(spec, timezone string) (Schedule, error) {
	schedule, err := parseCron(strings.TrimSpace(spec), timezone)
	if err != nil {
		return nil, fmt.Errorf("cron schedule %q: %w", spec, err)
	}
	return schedule, nil
}

func parseCron(spec, timezone string) (Schedule, error) {
	if strings.ContainsAny(spec+timezone, "\r\n") { // errors repeat it, and are one line
		return nil, errors.New("is more than one line")
	}
	prefix, fields, err := cutZone(spec)
	if err != nil {
		return nil, err
	}
	if prefix != "" && timezone != "" {
		return nil, fmt.Errorf("names the time zone %s while the time zone is also set to %s, keep one of the two", prefix, timezone)
	}
	name := cmp.Or(prefix, timezone, "UTC")
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is not known, use an IANA name such as Europe/Berlin: %w", name, err)
	}
	if interval, ok := strings.CutPrefix(fields, "@every "); ok {
		// Not left to the library: it rounds to seconds without a word.
		d, err := time.ParseDuration(strings.TrimSpace(interval))
		if err != nil {
			return nil, fmt.Errorf("reading the interval, use one such as 90s or 5m: %w", err)
		}
		return Every(d, 0, nil)
	}
	parsed, err := parseFields(fields)
	if err != nil {
		return nil, err
	}
	period, fires := longestGap(*parsed)
	if !fires {
		return nil, errors.New("never fires, correct the day and the month")
	}
	return cronSchedule{fields: fields, parsed: parsed, zone: zone, period: period}, nil
}

// cutZone splits a leading TZ= or CRON_TZ= off. The library would do it, but
// panics when nothing follows the zone.
func cutZone(spec string) (zone, fields string, err error) {
	fields = spec
	if rest, ok := cutZonePrefix(spec); ok {
		end := strings.IndexFunc(rest, unicode.IsSpace)
		if end <= 0 {
			return "", "", errors.New("needs a time zone and then a schedule, as in CRON_TZ=Europe/Berlin 30 2 * * *")
		}
		zone, fields = rest[:end], strings.TrimSpace(rest[end:])
	}
	if _, ok := cutZonePrefix(fields); ok {
		return "", "", errors.New("names two time zones, keep one of them")
	}
	return zone, fields, nil
}

func cutZonePrefix(spec string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(spec, "CRON_TZ="); ok {
		return rest, true
	}
	return strings.CutPrefix(spec, "TZ=")
}

// parseFields reads a spec without a zone. The result takes the zone of the
// times it is given. The library has not been maintained since 2020, so a panic
// in it is turned into an error.
func parseFields(fields string) (parsed *cron.SpecSchedule, err error) {
	const remedy = "use five fields (minute, hour, day of month, month, day of week) or @hourly, @daily, @every 5m"
	defer func() {
		if p := recover(); p != nil {
			parsed, err = nil, fmt.Errorf("cannot be read, %s: %v", remedy, p)
		}
	}()
	if n := len(strings.Fields(fields)); n != 5 && !strings.HasPrefix(fields, "@") {
		return nil, fmt.Errorf("has %d fields (seconds are not supported), %s", n, remedy)
	}
	schedule, err := cron.ParseStandard(fields)
	if err != nil {
		return nil, fmt.Errorf("cannot be read, %s: %w", remedy, err)
	}
	parsed, ok := schedule.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("is of an unknown kind, %s", remedy)
	}
	return parsed, nil
}

type cronSchedule struct {
	fields string
	parsed *cron.SpecSchedule
	zone   *time.Location
	period time.Duration
}

// Next returns the earlier of two readings. Stepping through the zone's own
// time, as the library does, never meets a wall-clock time that the start of
// daylight saving time leaves out, and skips its run: 30 2 * * * would not run
// on that day. Stepping through the wall clock meets it, but does not know the
// second turn of the hour that the end of daylight saving time repeats.
func (c cronSchedule) Next(now time.Time) time.Time {
	now = now.In(c.zone)
	next := c.parsed.Next(now)
	byWall := place(c.parsed.Next(wall(now)), c.zone)
	if byWall.After(now) && (byWall.Before(next) || next.IsZero()) {
		next = byWall
	}
	if next.IsZero() {
		// The library looks five years ahead; 29 February is up to eight away.
		return now.Add(c.period)
	}
	return next
}

func (c cronSchedule) Period() time.Duration { return c.period }

func (c cronSchedule) String() string {
	return fmt.Sprintf("cron %s (%s)", c.fields, c.zone)
}

// wall returns what a clock on the wall shows at t, as a time in UTC, where no
// hour is left out and none is repeated.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// place returns the time at which a clock on the wall of the zone shows w. A
// time that is left out is moved forward by the length of the gap; time.Date
// alone moves it forward in some zones and back in others.
func place(w time.Time, zone *time.Location) time.Time {
	t := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), w.Nanosecond(), zone)
	if early := w.Sub(wall(t)); early > 0 {
		return t.Add(early)
	}
	return t
}

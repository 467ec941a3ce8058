package trigger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var errPass = errors.New("pass failed")

// minutely is a schedule that is due at every full minute.
func minutely(t *testing.T) Schedule {
	t.Helper()
	return mustCron(t, "* * * * *", "")
}

func every(t *testing.T, interval time.Duration) Schedule {
	t.Helper()
	s, err := Every(interval, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// starts runs a loop for a while, on a clock that starts at midnight, and lists
// when its passes started.
func starts(t *testing.T, s Schedule, random float64, runFor time.Duration, pass func(ctx context.Context, n int) error) []time.Duration {
	t.Helper()
	var times []time.Duration
	synctest.Test(t, func(t *testing.T) {
		midnight := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), runFor)
		defer cancel()
		Loop{
			Schedule: s,
			Pass: func(ctx context.Context) error {
				times = append(times, time.Since(midnight))
				return pass(ctx, len(times))
			},
			Random: func() float64 { return random },
			Log:    slog.New(slog.DiscardHandler),
		}.Run(ctx)
	})
	return times
}

func seconds(s ...float64) []time.Duration {
	times := make([]time.Duration, len(s))
	for i := range s {
		times[i] = time.Duration(s[i] * float64(time.Second))
	}
	return times
}

func TestLoop(t *testing.T) {
	t.Parallel()
	const lastRandom = 1.0 // the end of each backoff, for round numbers
	for name, c := range map[string]struct {
		schedule Schedule
		random   float64
		runFor   time.Duration
		pass     func(ctx context.Context, n int) error
		want     []time.Duration
	}{
		"runs at once and then on schedule": {
			minutely(t), lastRandom, 150 * time.Second,
			func(context.Context, int) error { return nil },
			seconds(0, 60, 120),
		},
		"waits the interval from the end of a pass": {
			every(t, time.Minute), lastRandom, 150 * time.Second,
			func(context.Context, int) error { time.Sleep(5 * time.Second); return nil },
			seconds(0, 65, 130),
		},
		"skips the times that went by during a pass": {
			minutely(t), lastRandom, 310 * time.Second,
			func(_ context.Context, n int) error {
				if n == 2 {
					time.Sleep(150 * time.Second)
				}
				return nil
			},
			seconds(0, 60, 240, 300),
		},
		"retries a failure with doubling waits, up to half a minute": {
			every(t, time.Hour), lastRandom, 125 * time.Second,
			func(context.Context, int) error { return errPass },
			seconds(0, 1, 3, 7, 15, 31, 61, 91, 121),
		},
		"spreads retries down to half of the wait": {
			every(t, time.Hour), 0, 16 * time.Second,
			func(context.Context, int) error { return errPass },
			seconds(0, 0.5, 1.5, 3.5, 7.5, 15.5),
		},
		"retries no more rarely than the schedule runs": {
			every(t, 3*time.Second), lastRandom, 13 * time.Second,
			func(context.Context, int) error { return errPass },
			seconds(0, 1, 3, 6, 9, 12),
		},
		"retries no later than the schedule is due": {
			minutely(t), lastRandom, 64 * time.Second,
			func(context.Context, int) error { return errPass },
			seconds(0, 1, 3, 7, 15, 31, 60),
		},
		"starts over with short waits after a success": {
			every(t, time.Minute), lastRandom, 72 * time.Second,
			func(_ context.Context, n int) error {
				if n == 4 {
					return nil
				}
				return errPass
			},
			seconds(0, 1, 3, 7, 67, 68, 70),
		},
		"waits for the schedule where a retry is pointless, and starts over": {
			minutely(t), lastRandom, 64 * time.Second,
			func(_ context.Context, n int) error {
				if n == 3 {
					return fmt.Errorf("running a pass: %w", AwaitSchedule(errPass))
				}
				return errPass
			},
			seconds(0, 1, 3, 60, 61, 63),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, starts(t, c.schedule, c.random, c.runFor, c.pass)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLoopEndsAfterThePassInProgress(t *testing.T) {
	t.Parallel()
	var ended bool
	got := starts(t, minutely(t), 0, 90*time.Second, func(ctx context.Context, n int) error {
		if n < 2 {
			return nil
		}
		<-ctx.Done()
		time.Sleep(time.Second) // such as rolling back
		ended = true
		return ctx.Err()
	})
	if diff := cmp.Diff(seconds(0, 60), got); diff != "" {
		t.Error(diff)
	}
	if !ended {
		t.Error("Run returned before the pass did")
	}
}

func TestLoopRunsNothingWhenAlreadyDone(t *testing.T) {
	t.Parallel()
	if got := starts(t, minutely(t), 0, 0, func(context.Context, int) error { return nil }); len(got) != 0 {
		t.Errorf("ran at %v", got)
	}
}

func TestALoopThatWaitsEndsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		Loop{
			Schedule: minutely(t),
			Pass:     func(context.Context) error { return nil },
			Random:   func() float64 { return 1 },
			Log:      slog.New(slog.DiscardHandler),
		}.Run(ctx)
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("stopped after 10s, it ended after %s", took)
		}
	})
}

func TestAwaitScheduleKeepsTheError(t *testing.T) {
	t.Parallel()
	err := AwaitSchedule(errPass)
	if !errors.Is(err, errPass) || err.Error() != errPass.Error() {
		t.Errorf("%v does not stand for %v", err, errPass)
	}
	if err := AwaitSchedule(nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}

func TestALoopThatIsWokenDoesNotWaitForItsSchedule(t *testing.T) {
	t.Parallel()
	woken := func(fail error) []time.Duration {
		var times []time.Duration
		synctest.Test(t, func(t *testing.T) {
			midnight := time.Now()
			wake := make(chan struct{}, 1)
			ctx, cancel := context.WithTimeout(t.Context(), 80*time.Second)
			defer cancel()
			time.AfterFunc(10*time.Second, func() { wake <- struct{}{} })
			Loop{
				Schedule: minutely(t),
				Pass: func(context.Context) error {
					times = append(times, time.Since(midnight))
					return fail
				},
				Wake:   wake,
				Random: func() float64 { return 1 },
				Log:    slog.New(slog.DiscardHandler),
			}.Run(ctx)
		})
		return times
	}
	if diff := cmp.Diff(seconds(0, 10, 60), woken(nil)); diff != "" {
		t.Error(diff)
	}
	// A database that is away is not asked more often because much is changed.
	if diff := cmp.Diff(seconds(0, 1, 3, 7, 15, 31, 60), woken(errPass)); diff != "" {
		t.Error(diff)
	}
}

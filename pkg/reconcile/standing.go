package reconcile

import (
	"errors"
	"sync"
	"time"

	"litellm-reconciler/pkg/plan"
)

// lossWindow is how long what events took away counts against the limits.
const lossWindow = 10 * time.Minute

// errUnknown is the error of events that come before a pass has looked around.
var errUnknown = errors.New("no pass has looked at all teams yet, or not lately at who shares permission rows")

// Standing is what a repair of a few teams has to know of all of them, under one
// term. Passes and Survey tell it; the zero value knows nothing.
type Standing struct {
	mu      sync.Mutex
	scanned bool
	owning  int
	// refused is the limit that the last pass was refused by, or a reaction
	// since then.
	refused  *plan.Refusal
	survey   *survey // nil before the first
	lost     map[string]time.Time
	ceilings []ceilings
}

// ceilings are those that a reaction created and removed.
type ceilings struct {
	at               time.Time
	created, removed int
}

// scannedAll notes what a pass saw, and whether a limit refused it.
func (s *Standing) scannedAll(f Found, refused error) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scanned, s.owning, s.refused = true, f.Owning, nil
	errors.As(refused, &s.refused)
}

// repairedAll notes what the pass did.
func (s *Standing) repairedAll(o Outcome) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owning += o.Repaired[plan.MissingRow]
}

// Known reports whether a pass and a survey have told all that React needs.
func (s *Standing) Known(now time.Time) bool {
	_, err := s.surveyed(now)
	return err == nil
}

// surveyed is an error that says why React has to wait, or the last survey.
func (s *Standing) surveyed(now time.Time) (*survey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.scanned || s.survey == nil || now.Sub(s.survey.began) > surveyLimit {
		return nil, errUnknown
	}
	return s.survey, nil
}

// admit splits what a scan of some teams found drifted into what may be
// repaired and what a limit holds back. The limits are those of a pass, counted
// over all events of a while. Once they are exceeded, nothing more is taken away
// by events: teams that come one at a time would pass below any limit. The next
// pass, which sees all of them, decides.
func (s *Standing) admit(f Found, g plan.Guard, now time.Time) (admitted, held Targets, refusal *plan.Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	c := s.counts(f)
	if refusal = s.refused; refusal == nil {
		errors.As(g.Check(c), &refusal)
	}
	if refusal != nil && takesAway(refusal.Limit) {
		// Teams that lose nothing are repaired all the same, unless they, on
		// their own, exceed one of the other limits.
		c.Owning, c.Losing, c.CeilingsRemoved, f.CeilingsRemoved = 0, 0, 0, 0
		errors.As(g.Check(c), &refusal)
	}
	s.refused = refusal
	for t := range f.all() {
		if refusal != nil && (t.Loses || !takesAway(refusal.Limit)) {
			held.Add(t)
			continue
		}
		admitted.Add(t)
		if t.Loses {
			s.lost[t.Team] = now
		}
	}
	if refusal == nil || takesAway(refusal.Limit) {
		s.ceilings = append(s.ceilings, ceilings{now, f.CeilingsCreated, f.CeilingsRemoved})
	}
	if held.Len() == 0 {
		return admitted, held, nil
	}
	return admitted, held, refusal
}

// takesAway tells the limits on what is taken away from those on teams that
// start or end to be restricted.
func takesAway(l plan.Limit) bool { return l == plan.RevokedFraction || l == plan.EmptySource }

// counts are those of the found teams and of all that was admitted before.
func (s *Standing) counts(f Found) plan.Counts {
	c := f.Counts
	c.Owning, c.Losing = s.owning, len(s.lost)
	for t := range f.all() {
		if _, before := s.lost[t.Team]; t.Loses && !before {
			c.Losing++
		}
	}
	for _, past := range s.ceilings {
		c.CeilingsCreated += past.created
		c.CeilingsRemoved += past.removed
	}
	return c
}

// expire forgets what is longer ago than the window.
func (s *Standing) expire(now time.Time) {
	if s.lost == nil {
		s.lost = map[string]time.Time{}
	}
	for team, at := range s.lost {
		if now.Sub(at) > lossWindow {
			delete(s.lost, team)
		}
	}
	for len(s.ceilings) > 0 && now.Sub(s.ceilings[0].at) > lossWindow {
		s.ceilings = s.ceilings[1:]
	}
}

// Package impact works out what a change of a team's permission row does to the
// virtual keys of the team, by LiteLLM's rules as pkg/litellm knows them.
package impact

import "litellm-reconciler/pkg/litellm"

// Effect is a set of what happens to a key. It can both gain and lose.
type Effect uint8

// What can happen to a key. Who loses something only because the team began to
// restrict is Narrowed and does not Lose; who gains something only because the
// team ceased to is Widened and does not Gain.
const (
	Gain Effect = 1 << iota
	Lose
	Narrowed
	Widened
)

// Effects lists all effects in the order in which they are reported.
func Effects() []Effect { return []Effect{Gain, Lose, Narrowed, Widened} }

// Split returns the single effects that e consists of.
func (e Effect) Split() []Effect {
	var list []Effect
	for _, single := range Effects() {
		if e&single != 0 {
			list = append(list, single)
		}
	}
	return list
}

// String names a single effect.
func (e Effect) String() string {
	switch e {
	case Gain:
		return "gain"
	case Lose:
		return "lose"
	case Narrowed:
		return "narrowed"
	case Widened:
		return "widened"
	}
	return ""
}

// Of compares what a key may use before and after a change of its team.
func Of(before, after litellm.Verdict) Effect {
	var e Effect
	if exceeds(before.Allowed, after.Allowed) {
		e |= either(len(before.Team) == 0 && len(after.Team) > 0, Narrowed, Lose)
	}
	if exceeds(after.Allowed, before.Allowed) {
		e |= either(len(before.Team) > 0 && len(after.Team) == 0, Widened, Gain)
	}
	return e
}

// exceeds is whether a has an element that b has not.
func exceeds(a, b litellm.Set) bool {
	for s := range a {
		if !b[s] {
			return true
		}
	}
	return false
}

func either(condition bool, then, otherwise Effect) Effect {
	if condition {
		return then
	}
	return otherwise
}

// Team is a team before and after a change of its permission row.
type Team struct {
	Registry         *litellm.Registry
	RequireKeyAccess bool
	Blocked          bool
	Before, After    litellm.Entitlement

	plain *Key
}

// Key is what the change does to one key.
type Key struct {
	// Effect is that before v1.88, where the row of the team is all that
	// counts, and Before and After are the servers that the key may use there.
	Effect        Effect
	Before, After litellm.Set
	// Native is the effect from v1.88, where LiteLLM resolves the team's access
	// groups itself (#28997).
	Native Effect
}

// On works out what the change does to a key of the team.
func (t *Team) On(k litellm.Key) Key {
	if !plain(k) {
		return t.on(k)
	}
	if t.plain == nil { // most keys are, and all of them fare alike
		key := t.on(litellm.Key{})
		t.plain = &key
	}
	return *t.plain
}

func (t *Team) on(k litellm.Key) Key {
	decide := func(groups bool, team litellm.Entitlement) litellm.Verdict {
		k.Team, k.TeamBlocked = team, t.Blocked
		return t.Registry.Decide(litellm.Rules{Groups: groups, RequireKeyAccess: t.RequireKeyAccess}, k)
	}
	before, after := decide(false, t.Before), decide(false, t.After)
	return Key{
		Effect: Of(before, after), Before: before.Allowed, After: after.Allowed,
		Native: Of(decide(true, t.Before), decide(true, t.After)),
	}
}

// plain is whether nothing but the team decides about a key.
func plain(k litellm.Key) bool {
	for _, e := range []litellm.Entitlement{k.Own, k.Agent, k.User, k.Organization} {
		if len(e.Servers)+len(e.TagGroups)+len(e.ToolServers)+len(e.Groups) > 0 {
			return false
		}
	}
	return true
}

// Counts are keys by effect. A key with two effects counts in both.
type Counts struct {
	Gain     int `json:"gain"`
	Lose     int `json:"lose"`
	Narrowed int `json:"narrowed"`
	Widened  int `json:"widened"`
}

// Of is the number of keys with a single effect.
func (c *Counts) Of(e Effect) int { return *c.of(e) }

func (c *Counts) of(e Effect) *int {
	switch e {
	case Gain:
		return &c.Gain
	case Lose:
		return &c.Lose
	case Narrowed:
		return &c.Narrowed
	}
	return &c.Widened
}

func (c *Counts) add(e Effect) {
	for _, single := range e.Split() {
		*c.of(single)++
	}
}

// Tally are the keys that changes affect.
type Tally struct {
	Rows   Counts `json:"before_v1_88"`
	Native Counts `json:"from_v1_88"`
}

// Add counts a key.
func (t *Tally) Add(k Key) {
	t.Rows.add(k.Effect)
	t.Native.add(k.Native)
}
